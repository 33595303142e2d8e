// SPDX-License-Identifier: MIT
//
// run_corpus PATH...: runs `fuzz` on each file, those of folders too; for a finding of libFuzzer as well.
#include "fuzz.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace {

int runs = 0;

void run(const std::filesystem::path& file)
{
    std::ifstream in(file, std::ios::binary);
    const std::string input(std::istreambuf_iterator<char>(in), {});
    std::fprintf(stderr, "%s\n", file.c_str()); // the last one is to blame
    fuzz(input);
    ++runs;
}

} // namespace

int main(int argc, char** argv)
{
    for (int i = 1; i < argc; ++i) {
        if (std::filesystem::is_directory(argv[i]))
            for (const auto& each : std::filesystem::directory_iterator(argv[i]))
                run(each.path());
        else
            run(argv[i]);
    }
    return runs > 0 ? 0 : 1;
}
