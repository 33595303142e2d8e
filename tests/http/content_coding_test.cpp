// SPDX-License-Identifier: MIT
#include "decoded.hpp"

#include <simul/base/error.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace simul::http::detail;
using namespace std::literals;
using simul::bytes;
using simul::bytes_view;

constexpr content_coding all_codings[] = {content_coding::gzip, content_coding::deflate, content_coding::br,
                                          content_coding::zstd};
constexpr decoding_limits unlimited = {.total = std::numeric_limits<std::uint64_t>::max(),
                                       .ratio = std::numeric_limits<std::uint64_t>::max()};

/// Words that come again and again, in no order: what compresses as text does.
std::string some_text(std::size_t size)
{
    constexpr std::string_view words[] = {"rook ", "bishop ", "takes ", "check ", "e4 ", "knight\n", "castles "};
    std::mt19937 random(1);
    std::string text;
    while (text.size() < size)
        text += words[random() % std::size(words)];
    text.resize(size);
    return text;
}

/// In this order, as Content-Encoding names them.
std::string names_of(const std::vector<content_coding>& codings)
{
    std::string names;
    for (const auto each : codings)
        names.append(names.empty() ? "" : ", ").append(to_string(each));
    return names;
}

bytes encoded_by(const std::vector<content_coding>& codings, bytes text)
{
    for (const auto each : codings)
        text = encoded(each, text);
    return text;
}

bytes decoded_in_pieces(std::string_view codings, bytes_view input, std::size_t cut, std::size_t room)
{
    return decoded(codings, input, unlimited, cut, room);
}

std::string refusal(std::string_view codings, bytes_view input, const decoding_limits& within = {})
{
    try {
        decoded(codings, input, within);
    } catch (const simul::error& e) {
        return e.what();
    }
    return "taken";
}

TEST(ContentCoding, DecodesWhatItEncodes)
{
    for (const auto coding : all_codings) {
        for (const std::size_t size : {0, 1, 100, 100'000}) {
            const std::string text = some_text(size);
            const bytes sent = encoded(coding, text);
            EXPECT_EQ(decoded(to_string(coding), sent), text) << to_string(coding) << size;
            if (size > 1000)
                EXPECT_LT(sent.size(), size / 2) << to_string(coding);
        }
    }
}

TEST(ContentCoding, IsTheSameHoweverItIsCut)
{
    using enum content_coding;
    const std::string text = some_text(2000) + std::string(20'000, 'x');
    const std::vector<content_coding> stacks[] = {{gzip},          {deflate},       {br}, {zstd}, {gzip, br},
                                                  {zstd, deflate}, {br, gzip, zstd}};
    for (const auto& codings : stacks) {
        const bytes sent = encoded_by(codings, text);
        for (const std::size_t cut : {1, 3, 100'000})
            for (const std::size_t room : {1, 100, 100'000})
                ASSERT_EQ(decoded_in_pieces(names_of(codings), sent, cut, room), text)
                    << names_of(codings) << ' ' << cut << ' ' << room;
    }
}

TEST(ContentCoding, KeepsWhatTheNextOneHasNoRoomFor)
{
    using enum content_coding;
    std::mt19937 random(1);
    std::string noise(100'000, '\0'); // doesn't get shorter: more is between two codings than is held there
    std::ranges::generate(noise, [&] { return static_cast<char>(random()); });
    for (const std::vector<content_coding>& codings : {std::vector{gzip, br}, {zstd, gzip, deflate}})
        for (const std::size_t room : {1000, 16'384, 200'000})
            EXPECT_TRUE(decoded_in_pieces(names_of(codings), encoded_by(codings, noise), 1'000'000, room) == noise)
                << room;
}

TEST(ContentCoding, UndoesTheLastFirst)
{
    const bytes sent = encoded(content_coding::br, encoded(content_coding::gzip, "e4"));
    EXPECT_EQ(decoded("gzip, br", sent), "e4");
    EXPECT_NE(refusal("br, gzip", sent), "taken");
}

TEST(ContentCoding, KnowsOtherNames)
{
    const bytes sent = encoded(content_coding::gzip, "e4");
    EXPECT_EQ(decoded("x-gzip", sent), "e4");
    EXPECT_EQ(decoded("X-GZip, Identity", sent), "e4");
    EXPECT_EQ(decoded(" identity,, gzip", sent), "e4");
    EXPECT_EQ(decoded("", "e4"), "e4");
    EXPECT_EQ(decoded("identity", "e4"), "e4");
    EXPECT_TRUE(content_decoder("identity").is_identity());
    EXPECT_FALSE(content_decoder("gzip").is_identity());
    EXPECT_EQ(accepted_codings(), "gzip, deflate, br, zstd");
}

TEST(ContentCoding, RefusesWhatItDoesNotKnow)
{
    EXPECT_EQ(refusal("compress", "x"), "Content-Encoding: unknown coding \"compress\"");
    EXPECT_EQ(refusal("gzip, exi", "x"), "Content-Encoding: unknown coding \"exi\"");
    EXPECT_EQ(refusal("gzip, gzip, br, gzip", "x"), "Content-Encoding: more than 3 codings over each other");
    EXPECT_LT(refusal(std::string(100'000, 'x'), "x").size(), 100u);
    EXPECT_TRUE(is_decodable("gzip, br"));
    EXPECT_TRUE(is_decodable(""));
    EXPECT_FALSE(is_decodable("compress"));
    EXPECT_FALSE(is_decodable("gzip, gzip, br, gzip"));
}

TEST(ContentCoding, ReadsDeflateWithAndWithoutItsFrame)
{
    const std::string text = some_text(5000);
    const bytes framed = encoded(content_coding::deflate, text);
    const bytes raw = framed.substr(2, framed.size() - 6);
    EXPECT_EQ(decoded("deflate", framed), text);
    EXPECT_EQ(decoded("deflate", raw), text);
    EXPECT_EQ(decoded_in_pieces("deflate", raw, 1, 1), text);
    EXPECT_EQ(decoded("deflate", "\x03\x00"sv), ""); // the shortest there is
    EXPECT_EQ(refusal("deflate", "\x03"), "decode deflate: it breaks off");
    EXPECT_EQ(refusal("deflate", "\x78\xbb\0\0\0\0"sv), "decode deflate: it wants a dictionary");
}

TEST(ContentCoding, ReadsWhatOthersWrote)
{
    // Python's gzip, with a name and a time; the command zstd, with a checksum; Node.
    EXPECT_EQ(decoded("gzip", "\x1f\x8b\x08\x08\xf8\x33\xf1\x2d\x02\xff"
                              "a.txt\x00\x4b\x35\x01\x00\xa8\x79\xe7\x78\x02\x00\x00\x00"sv),
              "e4");
    EXPECT_EQ(decoded("zstd", "\x28\xb5\x2f\xfd\x04\x58\x11\x00\x00\x65\x34\xfa\x95\x62\xe4"sv), "e4");
    EXPECT_EQ(decoded("br", "\x8b\x00\x80\x65\x34\x03"sv), "e4");
}

TEST(ContentCoding, GzipMembersAndZstdFramesMayFollowOneAnother)
{
    const bytes gzip = encoded(content_coding::gzip, "e4 ");
    EXPECT_EQ(decoded("gzip", gzip + gzip + encoded(content_coding::gzip, "") + gzip), "e4 e4 e4 ");
    EXPECT_EQ(decoded_in_pieces("gzip", gzip + gzip, 1, 1), "e4 e4 ");
    EXPECT_EQ(refusal("gzip", gzip + gzip.substr(0, 1)), "decode gzip: it breaks off");
    const bytes zstd = encoded(content_coding::zstd, "e4 ");
    const bytes skippable = "\x5a\x2a\x4d\x18\x03\x00\x00\x00---"s;
    EXPECT_EQ(decoded("zstd", zstd + skippable + zstd), "e4 e4 ");
    EXPECT_EQ(decoded_in_pieces("zstd", zstd + skippable + zstd, 1, 1), "e4 e4 ");
    EXPECT_EQ(refusal("zstd", zstd + "\x28"), "decode zstd: it breaks off");
}

TEST(ContentCoding, SaysWhenSomethingIsMissing)
{
    for (const auto coding : all_codings) {
        const std::string name(to_string(coding));
        const bytes sent = encoded(coding, some_text(500));
        for (std::size_t size = 1; size < sent.size(); ++size)
            ASSERT_EQ(refusal(name, bytes_view(sent).substr(0, size)), "decode " + name + ": it breaks off") << size;
        EXPECT_EQ(decoded(name, ""), ""); // no body at all is none
    }
    const bytes inner = encoded(content_coding::br, some_text(500));
    EXPECT_EQ(refusal("br, gzip", encoded(content_coding::gzip, bytes_view(inner).substr(0, 50))),
              "decode br: it breaks off");
}

TEST(ContentCoding, SaysWhenSomethingIsBehindTheEnd)
{
    for (const auto coding : all_codings) {
        const std::string name(to_string(coding));
        for (const char* stray : {"x", "<html>", "\n"}) {
            const std::string why = coding == content_coding::zstd ? "it doesn't begin as a frame does"
                                                                   : "there is something behind its end";
            EXPECT_EQ(refusal(name, encoded(coding, some_text(500)) + stray), "decode " + name + ": " + why);
        }
        content_decoder decoder(name);
        bytes room(1000, '\0');
        decoder.decode(encoded(coding, "e4"), room);
        decoder.end();
        EXPECT_THROW(decoder.decode("x", room), simul::error) << name;
    }
}

TEST(ContentCoding, SaysWhenItIsSomethingElse)
{
    EXPECT_EQ(refusal("gzip", "<html></html>"), "decode gzip: incorrect header check");
    EXPECT_EQ(refusal("zstd", "<html></html>"), "decode zstd: it doesn't begin as a frame does");
    EXPECT_EQ(refusal("zstd", "\x27\xb5\x2f\xfd......"), "decode zstd: it doesn't begin as a frame does"); // of 2015
    EXPECT_TRUE(refusal("br", "<html></html>").starts_with("decode br: "));
    EXPECT_TRUE(refusal("deflate", "<html></html>").starts_with("decode deflate: "));
}

TEST(ContentCoding, ChecksTheChecksum)
{
    bytes sent = encoded(content_coding::gzip, some_text(500));
    sent[sent.size() - 8] ^= 1;
    EXPECT_EQ(refusal("gzip", sent), "decode gzip: incorrect data check");
    sent = encoded(content_coding::deflate, some_text(500));
    sent.back() ^= 1;
    EXPECT_EQ(refusal("deflate", sent), "decode deflate: incorrect data check");
}

TEST(ContentCoding, RefusesWindowsThatAreTooLarge)
{
    // 128 MiB of it, which a frame of eleven bytes asks for.
    EXPECT_EQ(refusal("zstd", "\x28\xb5\x2f\xfd\x00\x88\x11\x00\x00\x65\x34"sv),
              "decode zstd: Frame requires too much memory for decoding");
}

TEST(ContentCoding, StopsBombsByTheirRatio)
{
    const std::string zeros(4 << 20, '\0');
    for (const auto coding : all_codings) {
        const std::string name(to_string(coding));
        EXPECT_EQ(refusal(name, encoded(coding, zeros)), "decode " + name + ": more than 200 times what was sent");
        // A page may repeat itself.
        EXPECT_EQ(decoded(name, encoded(coding, bytes_view(zeros).substr(0, 1 << 20))).size(), 1u << 20);
    }
}

TEST(ContentCoding, StopsBombsByTheirSize)
{
    const bytes sent = encoded(content_coding::gzip, some_text(300'000));
    EXPECT_EQ(refusal("gzip", sent, {.total = 299'999}), "decode gzip: more than 299999 bytes");
    EXPECT_EQ(refusal("gzip", sent, {.total = 300'000}), "taken");
}

TEST(ContentCoding, StopsBombsInsideOfBombs)
{
    using enum content_coding;
    const std::string zeros(4 << 20, '\0');
    EXPECT_EQ(refusal("gzip, br", encoded_by({gzip, br}, zeros)), "decode gzip: more than 200 times what was sent");
    // The inner one says nothing, at length: skippable frames.
    std::string skippable;
    while (skippable.size() < 4 << 20)
        skippable += "\x50\x2a\x4d\x18\x00\x00\x00\x00"sv;
    EXPECT_EQ(refusal("zstd, gzip", encoded(gzip, skippable)), "decode gzip: more than 200 times what was sent");
}

TEST(ContentCoding, GivesABombPieceByPiece)
{
    using enum content_coding;
    for (const std::vector<content_coding>& codings : {std::vector{gzip}, {br, gzip}, {zstd, br, deflate}}) {
        const bytes sent = encoded_by(codings, std::string(4 << 20, '\0'));
        content_decoder decoder(names_of(codings), unlimited);
        bytes room(1000, '\0');
        std::size_t all = 0;
        bytes_view input = sent;
        for (bool starved = false; !starved;) {
            const auto done = decoder.decode(input, room);
            ASSERT_LE(done.written, room.size());
            input.remove_prefix(done.used);
            all += done.written;
            starved = done.starved;
        }
        decoder.end();
        EXPECT_EQ(all, 4u << 20);
    }
}

TEST(ContentCoding, FlushesWhatCanBeDecoded)
{
    for (const auto coding : all_codings) {
        content_encoder encoder(coding);
        content_decoder decoder(to_string(coding));
        bytes room(1000, '\0');
        for (const char* word : {"e4", "e5", "Nf3"}) {
            bytes sent;
            encoder.encode(word, sent);
            encoder.flush(sent);
            EXPECT_EQ(room.substr(0, decoder.decode(sent, room).written), word) << to_string(coding);
        }
        bytes rest;
        encoder.end(rest);
        EXPECT_EQ(decoder.decode(rest, room).written, 0u);
        decoder.end();
    }
    bytes copied;
    content_encoder nothing(content_coding::identity);
    nothing.encode("e4", copied);
    nothing.flush(copied);
    nothing.end(copied);
    EXPECT_EQ(copied, "e4");
}

} // namespace
