// SPDX-License-Identifier: MIT
#include "command_line.hpp"

#include <chrono>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using arguments = std::vector<std::string>;
using cli::usage_error;

/// Something of each kind.
struct CommandLine : testing::Test {
    CommandLine()
    {
        line.option({"-q", "--quiet"}, quiet, "says nothing");
        line.option({"-v", "--verbose"}, verbose, "says more");
        line.option({"-c", "--concurrency", "N"}, concurrency, "at once", 1, 100);
        line.option({"--timeout", "TIME"}, timeout, "for each");
        line.option({"--max-size", "BYTES"}, max_size, "of a page");
        line.option({"-o", "--output", "FILE"}, output, "where to");
        line.option({"-H", "--header", "TEXT"}, headers, "of each request");
        line.choice({"--colour", "WHEN"}, colour, {"auto", "always", "never"}, "in colour");
        line.argument("DIR", directory);
        line.rest("URL", urls);
    }

    std::string refusal(const arguments& given)
    {
        try {
            line.parse(given);
        } catch (const usage_error& mistake) {
            return mistake.what();
        }
        return "none";
    }

    cli::command_line line;
    bool quiet = false, verbose = false;
    int concurrency = 16;
    std::chrono::nanoseconds timeout = 60s;
    cli::byte_count max_size{64};
    std::string colour = "auto";
    std::optional<std::string> output;
    std::vector<std::string> headers;
    std::string directory;
    std::vector<std::string> urls;
};

TEST_F(CommandLine, KeepsDefaultsOfWhatIsNotGiven)
{
    line.parse({"here"});
    EXPECT_EQ(directory, "here");
    EXPECT_TRUE(!quiet && !verbose && !output && urls.empty());
    EXPECT_EQ(concurrency, 16);
    EXPECT_EQ(timeout, 60s);
}

TEST_F(CommandLine, ReadsLongNamesWithTheirValueBehindOrBehindEquals)
{
    line.parse({"--concurrency", "8", "--output=a=b", "d"});
    EXPECT_EQ(concurrency, 8);
    EXPECT_EQ(output, "a=b");
}

TEST_F(CommandLine, ReadsShortNamesTogetherAndWithTheirValue)
{
    line.parse({"-qvc8", "-o", "x", "d"});
    EXPECT_TRUE(quiet && verbose);
    EXPECT_EQ(concurrency, 8);
    EXPECT_EQ(output, "x");
}

TEST_F(CommandLine, TakesOptionsBehindArgumentsAndNoneBehindTwoDashes)
{
    line.parse({"d", "-q", "u1", "--", "-v", "--nothing"});
    EXPECT_TRUE(quiet && !verbose);
    EXPECT_EQ(urls, (arguments{"u1", "-v", "--nothing"}));
}

TEST_F(CommandLine, TakesADashAloneAndEmptyTextsAsArguments)
{
    line.parse({"-", "", "--output", ""});
    EXPECT_EQ(directory, "-");
    EXPECT_EQ(urls, arguments{""});
    EXPECT_EQ(output, "");
}

TEST_F(CommandLine, CollectsWhatMayComeSeveralTimes)
{
    line.parse({"d", "-H", "a", "-Hb"});
    EXPECT_EQ(headers, (arguments{"a", "b"}));
}

TEST_F(CommandLine, ReadsTimesAndSizesWithUnits)
{
    line.parse({"d", "--timeout", "250ms", "--max-size", "1.5K"});
    EXPECT_EQ(timeout, 250ms);
    EXPECT_EQ(max_size.value, 1536u);
    line.parse({"d", "--timeout", "2m", "--max-size", "2GiB"});
    EXPECT_EQ(timeout, 2min);
    EXPECT_EQ(max_size.value, std::size_t{2} << 30);
    line.parse({"d", "--timeout", "3"});
    EXPECT_EQ(timeout, 3s);
}

TEST_F(CommandLine, SaysWhatAnOptionTakesInstead)
{
    EXPECT_EQ(refusal({"d", "-c", "0"}), "-c takes a number from 1 to 100, not \"0\"");
    EXPECT_EQ(refusal({"d", "-c", "8x"}), "-c takes a number from 1 to 100, not \"8x\"");
    EXPECT_EQ(refusal({"d", "--timeout", "soon"}), "--timeout takes a time such as 30s, 250ms or 2m, not \"soon\"");
    EXPECT_EQ(refusal({"d", "--max-size", "-1"}), "--max-size takes a number of bytes such as 500K or 64M, not \"-1\"");
    EXPECT_EQ(refusal({"d", "--colour", "red"}), "--colour takes auto, always or never, not \"red\"");
}

TEST_F(CommandLine, SaysWhichOptionWasMeant)
{
    EXPECT_EQ(refusal({"--concurency=8"}), "there is no option --concurency; did you mean --concurrency?");
    EXPECT_EQ(refusal({"--frobnicate"}), "there is no option --frobnicate");
    EXPECT_EQ(refusal({"-x"}), "there is no option -x");
}

TEST_F(CommandLine, RefusesValuesTooManyAndTooFew)
{
    EXPECT_EQ(refusal({"d", "--quiet=yes"}), "--quiet takes no value");
    EXPECT_EQ(refusal({"d", "--output"}), "--output takes a value: --output FILE");
    EXPECT_EQ(refusal({}), "DIR is missing");
}

TEST(CommandLineOfWords, RefusesOthersAndTellsThem)
{
    std::string one;
    std::vector<std::string> more;
    cli::command_line line;
    line.argument("SHELL", one, {"bash", "zsh"});
    line.rest("JOB", more, {"a", "b", "c"});
    line.parse({"zsh", "b", "a"});
    EXPECT_EQ(one, "zsh");
    EXPECT_EQ(more, (arguments{"b", "a"}));
    EXPECT_EQ(line.words(), (arguments{"bash", "zsh", "a", "b", "c"}));
    try {
        line.parse({"bash", "d"});
        ADD_FAILURE() << "takes d";
    } catch (const usage_error& mistake) {
        EXPECT_STREQ(mistake.what(), "JOB is a, b or c, not \"d\"");
    }
}

TEST(CommandLineOfNothing, RefusesArguments)
{
    EXPECT_THROW(cli::command_line().parse({"x"}), usage_error);
}

TEST_F(CommandLine, ExplainsItself)
{
    EXPECT_EQ(line.synopsis(), "[OPTIONS] DIR [URL...]");
    EXPECT_NE(line.options_text().find("  -c, --concurrency N         at once\n"), std::string::npos) << line.options_text();
    EXPECT_NE(line.options_text().find("      --timeout TIME          for each\n"), std::string::npos) << line.options_text();
}

TEST(Nearest, IsNothingWhenAllAreFar)
{
    EXPECT_EQ(cli::nearest("fetsh", {"serve", "fetch"}), "fetch");
    EXPECT_EQ(cli::nearest("x", {"serve", "fetch"}), "");
}

} // namespace
