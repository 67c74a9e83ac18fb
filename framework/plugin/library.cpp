// SPDX-License-Identifier: Apache-2.0
#include "plugin/library.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <boost/dll/shared_library.hpp>
#include <fmt/format.h>

#include "plugin/component.hpp"
#include "plugin/settings.hpp"
#include "support/version.hpp"

namespace mfm {
namespace {

constexpr std::size_t frozen_head = 16; // size, abi_major, abi_minor, reserved: the same in every version

/// Bytes of a struct up to and including `last`: what version 1.0 had, whatever is appended later.
#define MFM_SIZE_UP_TO(type, last) (offsetof(type, last) + sizeof(type::last))

bool is_elf(const std::filesystem::path& file) {
    std::FILE* stream = std::fopen(file.c_str(), "rb");
    if (stream == nullptr) return true; // the loader will say why
    char head[SELFMAG] = {};
    const std::size_t read = std::fread(head, 1, sizeof head, stream);
    std::fclose(stream);
    return read == SELFMAG && std::memcmp(head, ELFMAG, SELFMAG) == 0;
}

/// The loader's own words in a sentence of ours.
std::string load_failure(const std::filesystem::path& file, std::string message) {
    constexpr std::string_view mark = "dlerror system message: ";
    if (const auto at = message.find(mark); at != std::string::npos) {
        message = message.substr(at + mark.size());
        if (const auto end = message.rfind("): "); end != std::string::npos) message.resize(end);
        if (message.ends_with(')')) message.pop_back();
    }
    if (const std::string own = file.string() + ": "; message.starts_with(own)) message.erase(0, own.size());
    constexpr std::string_view undefined = "undefined symbol: ";
    if (const auto at = message.find(undefined); at != std::string::npos) {
        const std::string rest = message.substr(at + undefined.size());
        return fmt::format("it uses the undefined symbol '{}'; link the library that defines it into the plugin",
                           rest.substr(0, rest.find_first_of(" \t,)")));
    }
    return "it cannot be loaded: " + message;
}

/// Functions of an interface table that must be there, by name.
struct Required {
    std::string_view interface_id;
    std::size_t size; ///< of version 1.0
    std::vector<std::pair<std::string_view, std::size_t>> functions;
    bool reserved = true; ///< the word after the size is not used
};
#define MFM_FUNCTION(type, name) std::pair<std::string_view, std::size_t>(#name, offsetof(type, name))

const std::vector<Required>& required_tables() {
    static const std::vector<Required> tables{
        {MFM_NEURON_ID,
         MFM_SIZE_UP_TO(mfm_neuron_v1, subthreshold),
         {MFM_FUNCTION(mfm_neuron_v1, set_receptors), MFM_FUNCTION(mfm_neuron_v1, states),
          MFM_FUNCTION(mfm_neuron_v1, initialise), MFM_FUNCTION(mfm_neuron_v1, advance),
          MFM_FUNCTION(mfm_neuron_v1, subthreshold)}},
        {MFM_CONNECTIVITY_ID,
         MFM_SIZE_UP_TO(mfm_connectivity_v1, in_degree),
         {MFM_FUNCTION(mfm_connectivity_v1, prepare), MFM_FUNCTION(mfm_connectivity_v1, release),
          MFM_FUNCTION(mfm_connectivity_v1, degree), MFM_FUNCTION(mfm_connectivity_v1, fill)},
         false},
        {MFM_STIMULATION_ID,
         MFM_SIZE_UP_TO(mfm_stimulation_v1, course),
         {MFM_FUNCTION(mfm_stimulation_v1, count), MFM_FUNCTION(mfm_stimulation_v1, describe),
          MFM_FUNCTION(mfm_stimulation_v1, level), MFM_FUNCTION(mfm_stimulation_v1, course)}},
        {MFM_TRANSFER_ID,
         MFM_SIZE_UP_TO(mfm_transfer_v1, evaluate),
         {MFM_FUNCTION(mfm_transfer_v1, shape), MFM_FUNCTION(mfm_transfer_v1, guess),
          MFM_FUNCTION(mfm_transfer_v1, evaluate)}},
        {MFM_OPTIMIZER_ID, MFM_SIZE_UP_TO(mfm_optimizer_v1, solve), {MFM_FUNCTION(mfm_optimizer_v1, solve)}},
        {MFM_PARETO_ID, MFM_SIZE_UP_TO(mfm_pareto_v1, solve), {MFM_FUNCTION(mfm_pareto_v1, solve)}},
    };
    return tables;
}

/// `later`: the plugin's minor version is later than ours, so that it may use what is reserved.
std::optional<std::string> interface_fault(const mfm_interface& entry, bool later) {
    if (entry.table == nullptr) return fmt::format("its interface {} has no table", entry.id);
    for (const Required& required : required_tables()) {
        if (required.interface_id != entry.id) continue;
        std::uint32_t size = 0; // the first member of every table
        std::memcpy(&size, entry.table, sizeof size);
        if (size < required.size)
            return fmt::format("its table of {} is {} bytes long instead of at least {}", entry.id, size,
                               required.size);
        std::uint32_t reserved = 0;
        std::memcpy(&reserved, static_cast<const std::byte*>(entry.table) + sizeof size, sizeof reserved);
        if (required.reserved && !later && reserved != 0)
            return fmt::format("its table of {} has a reserved word that is not 0", entry.id);
        for (const auto& [name, offset] : required.functions) {
            void (*function)() = nullptr;
            std::memcpy(&function, static_cast<const std::byte*>(entry.table) + offset, sizeof function);
            if (function == nullptr) return fmt::format("its table of {} has no function {}", entry.id, name);
        }
    }
    return std::nullopt;
}

bool is_plain_id(std::string_view id) {
    return std::all_of(id.begin(), id.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
    });
}

std::optional<std::string> component_fault(const mfm_component& component, bool later) {
    constexpr std::size_t least = MFM_SIZE_UP_TO(mfm_component, interfaces);
    if (component.size < least)
        return fmt::format("one of its components is {} bytes long instead of at least {}", component.size, least);
    if (component.id == nullptr || *component.id == '\0') return "one of its components has no id";
    if (!is_plain_id(component.id))
        return fmt::format("the id '{}' has characters other than letters, digits, '_', '-' and '.'", component.id);
    const std::string name = fmt::format("component '{}' ", component.id);
    if (!later && component.reserved != 0) return name + "has a reserved word that is not 0";
    if (component.version == nullptr) return name + "has no version";
    if (component.summary == nullptr) return name + "has no summary";
    if (component.citation == nullptr) return name + "has no citation (an empty text is allowed)";
    if (component.create == nullptr) return name + "has no function create";
    if (component.destroy == nullptr) return name + "has no function destroy";
    if (component.settings == nullptr)
        return name + "has no list of settings (one with nothing but the ending NULL is allowed)";
    const auto fields = fields_of_list(component.settings);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (const auto fault = schema_fault(*fields[i], later))
            return fmt::format("component '{}': {}", component.id, *fault);
        for (std::size_t j = 0; j < i; ++j)
            if (std::strcmp(fields[i]->name, fields[j]->name) == 0)
                return fmt::format("component '{}' has two settings named '{}'", component.id, fields[i]->name);
    }
    if (component.interfaces == nullptr) return name + "has no list of interfaces";
    for (const mfm_interface* entry = component.interfaces; entry->id != nullptr; ++entry)
        if (const auto fault = interface_fault(*entry, later))
            return fmt::format("component '{}': {}", component.id, *fault);
    return std::nullopt;
}

std::string other_major(std::string_view major) {
    return fmt::format(
        "it was built for version {} of the plugin ABI and this automfm has version {}; build it again with this SDK",
        major, MFM_ABI_MAJOR);
}

std::optional<std::string> table_fault(const mfm_plugin& plugin) {
    if (plugin.size < frozen_head)
        return fmt::format(
            "its table says that it is {} bytes long, less than the {} of the head that every version has", plugin.size,
            frozen_head);
    if (plugin.abi_major != MFM_ABI_MAJOR) return other_major(std::to_string(plugin.abi_major));
    constexpr std::size_t least = MFM_SIZE_UP_TO(mfm_plugin, components);
    if (plugin.size < least)
        return fmt::format("its table is {} bytes long instead of at least {}", plugin.size, least);
    const bool later = plugin.abi_minor > MFM_ABI_MINOR;
    if (!later && plugin.reserved != 0) return "its table has a reserved word that is not 0";
    if (plugin.components == nullptr || plugin.components[0] == nullptr) return "it has no component";
    for (const mfm_component* const* component = plugin.components; *component != nullptr; ++component)
        if (auto fault = component_fault(**component, later)) return fault;
    return std::nullopt;
}

/// The symbol as the linker sees it: a function or a short object must not be read as a table.
std::optional<std::string> symbol_fault(const void* symbol) {
    Dl_info info{};
    void* extra = nullptr;
    if (dladdr1(symbol, &info, &extra, RTLD_DL_SYMENT) == 0 || extra == nullptr) return std::nullopt;
    const auto& entry = *static_cast<const ElfW(Sym)*>(extra);
    if (ELF64_ST_TYPE(entry.st_info) == STT_FUNC)
        return "its mfm_plugin_v1 is a function, but must be a constant of type mfm_plugin";
    if (entry.st_size > 0 && entry.st_size < frozen_head)
        return fmt::format("its mfm_plugin_v1 is {} bytes long, less than the {} of the head that every version has",
                           entry.st_size, frozen_head);
    return std::nullopt;
}

/// A plugin's messages: warnings (level 1) and errors (2) always, the rest when MFM_VERBOSE is set.
void log_message(void*, std::int32_t level, const char* component, const char* text) noexcept {
    if (text == nullptr || (level < 1 && std::getenv("MFM_VERBOSE") == nullptr)) return;
    std::fprintf(stderr, "%s: %s\n", component != nullptr ? component : "a plugin", text);
}
const void* no_service(void*, const char*) noexcept {
    return nullptr;
}

std::optional<std::string> attach(const mfm_plugin* plugin) {
    if (!MFM_HAS(plugin, attach) || plugin->attach == nullptr) return std::nullopt;
    // Static: plugins may keep the pointer for as long as the process lives.
    static const mfm_host host{sizeof(mfm_host), MFM_ABI_MINOR, "automfm",  automfm_version(),
                               nullptr,          &log_message,  &no_service};
    mfm_error error = empty_error();
    // Without noexcept in its type: see Instance.
    mfm_status (*const call)(const mfm_host*, mfm_error*) = plugin->attach;
    try {
        if (call(&host, &error) == MFM_OK) return std::nullopt;
    } catch (...) {
        return "it threw an exception out of attach, which no plugin may do";
    }
    const std::string reason(error.message, strnlen(error.message, sizeof error.message));
    return "it refused to attach: " + (reason.empty() ? "it gave no reason" : reason);
}

std::string missing_symbol(const boost::dll::shared_library& library) {
    for (int major = 0; major < 100; ++major)
        if (library.has(fmt::format("mfm_plugin_v{}", major))) return other_major(std::to_string(major));
    return "it is a shared library, but no plugin: it has no symbol mfm_plugin_v1";
}

} // namespace

LoadedLibrary load_library(const std::filesystem::path& file) {
    if (!is_elf(file)) return {nullptr, "it is not a shared library"};
    boost::dll::shared_library library;
    try {
        // NODELETE: nothing is ever unloaded, whatever becomes of `library`.
        constexpr auto mode =
            static_cast<boost::dll::load_mode::type>(static_cast<int>(boost::dll::load_mode::rtld_now) | RTLD_NODELETE);
        library.load(std::filesystem::absolute(file).string(), mode);
    } catch (const std::exception& e) {
        return {nullptr, load_failure(std::filesystem::absolute(file), e.what())};
    }
    if (!library.has("mfm_plugin_v1")) return {nullptr, missing_symbol(library)};
    const auto& plugin = library.get<const mfm_plugin>("mfm_plugin_v1");
    for (const auto& fault : {symbol_fault(&plugin), table_fault(plugin)})
        if (fault) return {nullptr, *fault};
    if (const auto fault = attach(&plugin)) return {nullptr, *fault};
    return {&plugin, ""};
}

} // namespace mfm
