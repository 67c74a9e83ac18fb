// SPDX-License-Identifier: Apache-2.0
#include "check/arrays.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <new>

#include <sys/mman.h>
#include <unistd.h>

namespace mfm::check {
namespace {

/// A guarded array, where a signal handler can find it.  Only the main thread adds rows.
struct Region {
    std::uintptr_t map = 0, map_end = 0, array = 0, array_end = 0;
    std::size_t element = 1;
    bool released = false;
    char name[64] = {};
};
constexpr std::size_t most_regions = 8192;
std::array<Region, most_regions> regions;
constexpr std::size_t no_region = most_regions;

std::size_t page_bytes() {
    static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return bytes;
}

std::size_t add_region(const Region& region) {
    const auto free = std::find_if(regions.begin(), regions.end(), [](const Region& r) { return r.map == 0; });
    if (free == regions.end()) return no_region; // without a name, but guarded all the same
    *free = region;
    return static_cast<std::size_t>(free - regions.begin());
}

} // namespace

double unwritten() {
    return std::bit_cast<double>(unwritten_bits);
}
bool is_unwritten(double x) {
    return std::bit_cast<std::uint64_t>(x) == unwritten_bits;
}

Fault look_up(const void* address) noexcept {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    for (const Region& r : regions) {
        if (r.map == 0 || at < r.map || at >= r.map_end) continue;
        Fault fault;
        fault.known = true;
        fault.released = r.released;
        fault.inside = at >= r.array && at < r.array_end;
        std::memcpy(fault.array, r.name, sizeof fault.array);
        const auto distance = static_cast<std::int64_t>(at) - static_cast<std::int64_t>(r.array);
        const auto element = static_cast<std::int64_t>(r.element);
        fault.element = distance >= 0 ? distance / element : -((-distance + element - 1) / element);
        return fault;
    }
    return {};
}

void* Arrays::allocate(const std::string& name, std::size_t bytes, std::size_t element, std::size_t alignment) {
    if (place_ == Place::Heap) {
        const std::size_t aligned = std::max<std::size_t>(alignment, sizeof(void*));
        void* const array =
            std::aligned_alloc(aligned, (std::max<std::size_t>(bytes, 1) + aligned - 1) / aligned * aligned);
        if (array == nullptr) throw std::bad_alloc();
        blocks_.push_back({nullptr, 0, array, no_region});
        return array;
    }
    const std::size_t page = page_bytes(), inner = std::max<std::size_t>(1, (bytes + page - 1) / page) * page;
    void* const map = mmap(nullptr, inner + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) throw std::bad_alloc();
    auto* const first = static_cast<std::byte*>(map) + page;
    if (mprotect(first, inner, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
    std::byte* array = first;
    if (place_ == Place::End) array += (inner - bytes) / alignment * alignment;
    Region region;
    region.map = reinterpret_cast<std::uintptr_t>(map);
    region.map_end = region.map + inner + 2 * page;
    region.array = reinterpret_cast<std::uintptr_t>(array);
    region.array_end = region.array + bytes;
    region.element = std::max<std::size_t>(element, 1);
    std::strncpy(region.name, name.c_str(), sizeof region.name - 1);
    blocks_.push_back({map, inner + 2 * page, array, add_region(region)});
    return array;
}

void Arrays::seal(void* array) {
    if (place_ == Place::Heap) return;
    const auto block = std::find_if(blocks_.rbegin(), blocks_.rend(), [&](const Block& b) { return b.array == array; });
    mprotect(static_cast<std::byte*>(block->map) + page_bytes(), block->map_bytes - 2 * page_bytes(), PROT_READ);
}

double* Arrays::wanted(const std::string& name, std::size_t n) {
    return shared(name, std::vector<double>(n, unwritten()));
}

void Arrays::release() {
    for (const Block& block : blocks_) {
        if (block.map == nullptr) continue;
        mprotect(block.map, block.map_bytes, PROT_NONE);
        if (block.region != no_region) regions[block.region].released = true;
    }
}

Arrays::~Arrays() {
    for (const Block& block : blocks_) {
        if (block.map == nullptr) {
            std::free(block.array);
            continue;
        }
        munmap(block.map, block.map_bytes);
        if (block.region != no_region) regions[block.region] = Region{};
    }
}

} // namespace mfm::check
