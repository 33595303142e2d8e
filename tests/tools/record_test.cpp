// SPDX-License-Identifier: MIT
#include "fetch/record.hpp"

#include <gtest/gtest.h>

namespace {

using namespace fetch;

const std::vector<selection> title_and_links = {{"title", "h1", "", false}, {"link", "a", "href", true}};

record example()
{
    return {.url = "http://x/", .status = 200, .type = "text/html", .bytes = 5, .seconds = 0.25, .file = {}, .fields = {{"A\tB\\"}, {"/1", "/2"}}};
}

TEST(Record, IsALineOfTsv)
{
    EXPECT_EQ(line_of(example(), title_and_links, format::tsv), "http://x/\tA\\tB\\\\\t/1 | /2\n");
    EXPECT_EQ(header_of(title_and_links, false), "url\ttitle\tlink\n");
}

TEST(Record, IsALineOfJson)
{
    EXPECT_EQ(line_of(example(), title_and_links, format::jsonl), R"({"url":"http://x/","title":"A\tB\\","link":["/1","/2"]})"
                                                                   "\n");
    record without = example();
    without.fields = {{}, {}};
    EXPECT_EQ(line_of(without, title_and_links, format::jsonl), "{\"url\":\"http://x/\",\"title\":null,\"link\":[]}\n");
}

TEST(Record, SaysWhatIsKnownWhenNothingIsSelected)
{
    record plain = example();
    plain.fields = {};
    plain.file = "d/1";
    EXPECT_EQ(line_of(plain, {}, format::tsv), "http://x/\t200\ttext/html\t5\t0.250\td/1\n");
    EXPECT_EQ(header_of({}, true), "url\tstatus\ttype\tbytes\tseconds\tfile\n");
    EXPECT_EQ(line_of(plain, {}, format::jsonl),
              "{\"url\":\"http://x/\",\"status\":200,\"type\":\"text/html\",\"bytes\":5,\"seconds\":0.250,\"file\":\"d/1\"}\n");
}

TEST(Record, TellsItsUrlAgain)
{
    record strange = example();
    strange.url = "http://x/\\a\tb\n\"c";
    for (const format as : {format::tsv, format::jsonl}) {
        std::string line = line_of(strange, title_and_links, as);
        line.pop_back();
        EXPECT_EQ(url_of_line(line, as), strange.url);
    }
    EXPECT_EQ(url_of_line("{\"url\":", format::jsonl), std::nullopt);
}

} // namespace
