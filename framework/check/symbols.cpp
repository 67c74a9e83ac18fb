// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>

#include <elf.h>

#include "check/kind.hpp"

namespace mfm::check {

std::vector<std::string> exported_symbols(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    const auto bad = [] { return Failed("symbols", "the table of the library's symbols cannot be read"); };
    const auto read = [&](auto& to, std::size_t at) {
        if (at > bytes.size() || bytes.size() - at < sizeof to) throw bad();
        std::memcpy(&to, bytes.data() + at, sizeof to);
    };
    Elf64_Ehdr head{};
    read(head, 0);
    if (head.e_ident[EI_CLASS] != ELFCLASS64) throw bad();
    // What linkers add of themselves, depending on their age.
    const std::set<std::string> of_the_linker{"_init", "_fini", "_edata", "_end", "__bss_start"};
    std::vector<std::string> names;
    for (unsigned i = 0; i < head.e_shnum; ++i) {
        Elf64_Shdr section{}, strings{};
        read(section, head.e_shoff + std::size_t{i} * head.e_shentsize);
        if (section.sh_type != SHT_DYNSYM) continue;
        read(strings, head.e_shoff + std::size_t{section.sh_link} * head.e_shentsize);
        for (std::size_t at = 0; at + sizeof(Elf64_Sym) <= section.sh_size; at += sizeof(Elf64_Sym)) {
            Elf64_Sym symbol{};
            read(symbol, section.sh_offset + at);
            const unsigned binding = ELF64_ST_BIND(symbol.st_info), visibility = ELF64_ST_VISIBILITY(symbol.st_other);
            const bool global = binding == STB_GLOBAL || binding == STB_WEAK || binding == STB_GNU_UNIQUE;
            if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS || !global || visibility == STV_HIDDEN ||
                visibility == STV_INTERNAL)
                continue;
            const std::size_t name = strings.sh_offset + symbol.st_name;
            if (name >= bytes.size()) throw bad();
            std::string text(bytes.c_str() + name);
            if (!of_the_linker.contains(text)) names.push_back(std::move(text));
        }
    }
    return names;
}

} // namespace mfm::check
