// SPDX-License-Identifier: MIT
#include "run/process/code_address.hpp"

#include "base/demangle.hpp"

#include <simul/base/error.hpp>
#include <simul/detail/process_job.hpp>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <link.h>
#include <optional>
#include <string_view>

namespace simul::detail {
namespace {

/// The program, or a shared object, in this process.
struct image {
    std::string path; ///< empty: the program
    std::string build;
    std::uintptr_t base = 0;
    std::uintptr_t code_begin = 0;
    std::uintptr_t code_end = 0;

    bool holds(std::uintptr_t address) const noexcept { return address >= code_begin && address < code_end; }
};

std::string build_id_in(const char* notes, std::size_t size)
{
    while (size >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) head;
        std::memcpy(&head, notes, sizeof head);
        const std::size_t name = (head.n_namesz + 3u) & ~std::size_t{3};
        const std::size_t length = sizeof head + name + ((head.n_descsz + 3u) & ~std::size_t{3});
        if (length > size)
            break;
        if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 && std::memcmp(notes + sizeof head, "GNU", 4) == 0)
            return {notes + sizeof head + name, head.n_descsz};
        notes += length;
        size -= length;
    }
    return {};
}

image describe_image(const dl_phdr_info& info)
{
    image found{info.dlpi_name, {}, info.dlpi_addr, ~std::uintptr_t{0}, 0};
    for (int i = 0; i < info.dlpi_phnum; ++i) {
        const auto& part = info.dlpi_phdr[i];
        const std::uintptr_t begin = info.dlpi_addr + part.p_vaddr;
        if (part.p_type == PT_LOAD && (part.p_flags & PF_X)) {
            found.code_begin = std::min(found.code_begin, begin);
            found.code_end = std::max(found.code_end, begin + part.p_memsz);
        } else if (part.p_type == PT_NOTE && found.build.empty()) {
            found.build = build_id_in(reinterpret_cast<const char*>(begin), part.p_memsz);
        }
    }
    return found;
}

/// The first for which `wanted` holds; the program comes first.
template <class Wanted> std::optional<image> find_image(Wanted wanted)
{
    struct search {
        Wanted& wanted;
        std::optional<image> found;
    } looking{wanted, {}};
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* argument) {
            auto& each = *static_cast<search*>(argument);
            image candidate = describe_image(*info);
            if (!each.wanted(candidate))
                return 0;
            each.found = std::move(candidate);
            return 1;
        },
        &looking);
    return std::move(looking.found);
}

const image& program()
{
    static const image* const the_only =
        new image(find_image([](const image&) { return true; }).value()); // never destroyed: jobs may come after main
    return *the_only;
}

image shared_object_at(std::uintptr_t address)
{
    std::optional<image> found = find_image([=](const image& each) { return each.holds(address); });
    if (!found)
        throw error(std::errc::invalid_argument,
                    "a job's function is in no program or shared object: a process pool can't name it");
    if (found->build.empty())
        throw error(std::errc::invalid_argument,
                    found->path + " has no build id, by which a process pool could tell that its workers have "
                                  "the same one: link it with -Wl,--build-id");
    return *std::move(found);
}

image shared_object_named(const std::string& path)
{
    const auto same_path = [&](const image& each) { return each.path == path; };
    std::optional<image> found = find_image(same_path);
    if (!found && ::dlopen(path.c_str(), RTLD_NOW))
        found = find_image(same_path);
    if (!found)
        throw error(std::errc::no_such_file_or_directory, "the worker can't load " + path);
    return *std::move(found);
}

} // namespace

void put_code(encoder& out, std::uintptr_t address)
{
    const bool in_program = program().holds(address);
    const image& where = in_program ? program() : shared_object_at(address);
    out.put(in_program);
    if (!in_program) {
        out.put(where.path);
        out.put(where.build);
    }
    out.put_size(address - where.base);
}

std::uintptr_t get_code(decoder& in)
{
    const bool in_program = in.get<bool>();
    const image& where = in_program ? program() : shared_object_named(in.get<std::string>());
    if (!in_program && in.get<std::string>() != where.build)
        throw error(std::errc::bad_message, "the worker has loaded another build of " + where.path);
    const std::uintptr_t address = where.base + in.get_size();
    if (!where.holds(address))
        decoder::fail("a function is outside of the code");
    return address;
}

std::array<unsigned char, 32> program_build() noexcept
{
    std::array<unsigned char, 32> build{};
    std::memcpy(build.data(), program().build.data(), std::min(build.size(), program().build.size()));
    return build;
}

bool is_in_program(std::uintptr_t address) noexcept
{
    return program().holds(address);
}

std::string code_name(std::uintptr_t address)
{
    Dl_info info{};
    if (::dladdr(reinterpret_cast<void*>(address), &info) != 0 && info.dli_sname)
        return demangle(info.dli_sname);
    const std::string_view path = info.dli_fname ? info.dli_fname : "?";
    char offset[32];
    std::snprintf(offset, sizeof offset, "+0x%zx", address - reinterpret_cast<std::uintptr_t>(info.dli_fbase));
    return std::string(path.substr(path.rfind('/') + 1)) + offset;
}

std::string called_function::name() const
{
    return type ? demangle(type->name()) : code_name(address);
}

} // namespace simul::detail
