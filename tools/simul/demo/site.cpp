// SPDX-License-Identifier: MIT
#include "site.hpp"

#include <simul/http/answer.hpp>
#include <simul/task/this_task.hpp>
#include <simul/text/html.hpp>
#include <simul/text/url.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <numbers>
#include <string_view>
#include <utility>

namespace demo {

namespace {

namespace http = simul::http;
using simul::task;

constexpr std::array<std::string_view, 16> moods = {"Silent", "Crimson", "Restless", "Hollow",   "Northern", "Gilded",
                                                    "Sunken", "Amber",   "Wandering", "Forgotten", "Iron",     "Lesser",
                                                    "Marble", "Distant", "Twin",      "Velvet"};
constexpr std::array<std::string_view, 16> things = {"Harbour", "Lighthouse", "Orchard", "Railway", "Cathedral", "Archive",
                                                     "Viaduct", "Rose & Crown", "Foundry", "Theatre", "Canal",   "Observatory",
                                                     "Meadow",  "Library",    "Quarry",  "Abbey"};
constexpr std::array<std::string_view, 16> places = {"Ashdown", "Belmora",  "Corvane",  "Dunmere", "Eastfold", "Farholm",
                                                     "Greywick", "Hartsea", "Ilverton", "Juniper", "Kestrel",  "Lowmoor",
                                                     "Marrow",  "Norwell",  "Oakhaven", "Ærholm"};
constexpr std::array<std::string_view, 16> manners = {"ambient", "progressive", "acoustic", "electro", "baroque", "lo-fi",
                                                      "symphonic", "garage",    "tropical", "nordic",  "psychedelic", "minimal",
                                                      "cosmic",  "deep",        "melodic",  "industrial"};
constexpr std::array<std::string_view, 16> roots = {"gospel", "metal", "folk", "techno",  "blues", "jazz", "swing", "ska",
                                                    "samba",  "soul",  "punk", "country", "opera", "funk", "disco", "dub"};
constexpr std::array<std::string_view, 16> kinds = {"polka", "core", "wave", "hop",  "step", "house", "rock", "trance",
                                                    "beat",  "pop",  "groove", "choir", "noise", "march", "waltz", "chill"};

/// 64 bits that look random, from any (splitmix64).
constexpr std::uint64_t scrambled(std::uint64_t x) noexcept
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/// One random decision after the other, about one request.
class dice {
public:
    dice(std::uint64_t seed, std::uint64_t number) noexcept : state_(scrambled(seed) ^ scrambled(~number)) {}

    /// From 0 to 1, without either.
    double uniform() noexcept { return (static_cast<double>(next() >> 11) + 0.5) * 0x1p-53; }
    double normal() noexcept
    {
        const double radius = std::sqrt(-2 * std::log(uniform()));
        return radius * std::cos(2 * std::numbers::pi * uniform());
    }

private:
    std::uint64_t next() noexcept { return state_ = scrambled(state_); }

    std::uint64_t state_;
};

/// Every number below 4096 gives other words.
std::string three_words(std::uint64_t number, const std::array<std::string_view, 16>& a,
                        const std::array<std::string_view, 16>& b, std::string_view between,
                        const std::array<std::string_view, 16>& c)
{
    const std::uint64_t mixed = number * 1'597 % 4'096; // odd, so it reaches each
    std::string words = fmt::format("{} {}{}{}", a[mixed % 16], b[mixed / 16 % 16], between, c[mixed / 256]);
    return number < 4'096 ? words : fmt::format("{} {}", words, number / 4'096 + 1);
}

/// "/wiki/Silent_Harbour_of_%C3%86rholm"
std::string path_of(std::string title)
{
    std::ranges::replace(title, ' ', '_');
    return "/wiki/" + simul::percent_encode(title);
}

/// Paragraphs as long as those of an encyclopedia, to cut articles from.
const std::string& filler()
{
    static const std::string text = [] {
        std::string paragraphs;
        for (std::uint64_t i = 0; paragraphs.size() < 128 * 1024; ++i) {
            const std::string other = fmt::format("{} {}", moods[i % 16], things[i / 16 % 16]);
            paragraphs += fmt::format("<p>The <a href=\"{0}\" title=\"{1}\">{1}</a> was first described in {2} &amp; restored twice; "
                                      "<i>see also</i> <b>{3}</b>.<sup id=\"cite_{4}\">[{4}]</sup></p>\n",
                                      path_of(other), simul::html::escape(other), 1500 + i % 500, places[i % 13], i + 1);
        }
        return paragraphs;
    }();
    return text;
}

std::string article(std::string_view path_title)
{
    std::string title(path_title);
    std::ranges::replace(title, '_', ' ');
    title = simul::html::escape(title);
    std::uint64_t mixed = 0;
    for (const char c : path_title)
        mixed = scrambled(mixed ^ static_cast<unsigned char>(c));
    const std::size_t size = 30 * 1024 + mixed % (90 * 1024);
    const std::size_t end = filler().rfind("<p>", size);

    std::string page = fmt::format("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0} - Demo wiki</title>"
                                   "<link rel=\"stylesheet\" href=\"/style.css\"></head>\n<body><div id=\"top\"><a href=\"/\">Demo wiki"
                                   "</a></div>\n<h1 id=\"firstHeading\" class=\"firstHeading\"><span>{0}</span></h1>\n",
                                   title);
    page.append(filler(), 0, end);
    return page += "</body></html>\n";
}

/// What becomes of a request.
struct fate {
    bool fails;
    simul::duration late;
};

fate fate_of(const options& how, simul::duration median, std::uint64_t number)
{
    dice of_this(how.seed, number);
    const bool fails = of_this.uniform() < how.failing_share;
    const double slow = of_this.uniform() < how.slow_share ? 5 : 1;
    const double late = std::exp(how.spread * of_this.normal()) * slow;
    return {fails, simul::duration(static_cast<simul::duration::rep>(static_cast<double>(median.count()) * late))};
}

class state {
public:
    explicit state(const options& how) : how_(how) {}

    /// Counts a request, lets it wait, and may refuse it.
    task<> visit(const http::request& asked, simul::duration median, std::uint64_t number)
    {
        const std::string client = asked.peer().host();
        const present here(*this, client);
        if (how_.at_once > 0 && at_once_of_[client] > how_.at_once) {
            ++counts_.refused;
            throw http::answer(http::status::too_many_requests, "Too many requests at once.\n", {{"Retry-After", "1"}});
        }
        const fate its = fate_of(how_, median, number);
        co_await simul::sleep(its.late);
        if (its.fails) {
            ++counts_.failed;
            throw http::answer(http::status::internal_server_error, "It went wrong, as it was told to.\n");
        }
    }

    const options& how() const noexcept { return how_; }
    std::uint64_t next_genre() noexcept { return genres_++; }
    std::uint64_t next_random() noexcept { return randoms_++; }
    std::uint64_t next_article() noexcept { return articles_++; }
    const stats& counts() const noexcept { return counts_; }
    void reset() noexcept
    {
        genres_ = randoms_ = articles_ = 0;
        counts_ = {};
    }

private:
    /// A request while it is being answered.
    class present {
    public:
        present(state& in, const std::string& client) : in_(in), place_(in.at_once_of_.try_emplace(client, 0).first)
        {
            ++place_->second;
            ++in_.counts_.requests;
            in_.counts_.peak = std::max(in_.counts_.peak, ++in_.here_);
        }
        present(const present&) = delete;
        ~present()
        {
            --in_.here_;
            if (--place_->second == 0)
                in_.at_once_of_.erase(place_);
        }

    private:
        state& in_;
        std::map<std::string, int>::iterator place_;
    };

    options how_;
    std::uint64_t genres_ = 0, randoms_ = 0, articles_ = 0;
    std::uint64_t here_ = 0;
    std::map<std::string, int> at_once_of_;
    stats counts_;
};

constexpr std::uint64_t randoms = std::uint64_t{1} << 40; // so that each kind of request has numbers of its own
constexpr std::uint64_t articles = std::uint64_t{1} << 41;

} // namespace

std::string title_of(std::uint64_t number)
{
    return three_words(number, moods, things, " of ", places);
}

std::string genre_of(std::uint64_t number)
{
    return three_words(number, manners, roots, " ", kinds);
}

simul::duration genre_latency(const options& how, std::uint64_t number)
{
    return fate_of(how, how.genre_latency, number).late;
}

simul::duration page_latency(const options& how, std::uint64_t number)
{
    return fate_of(how, how.wiki_latency / 2, randoms + number).late + fate_of(how, how.wiki_latency / 2, articles + number).late;
}

http::router site(const options& how)
{
    const auto shared = std::make_shared<state>(how);
    http::router routes;
    routes.get("/", [](http::request&) {
        return http::html("<!DOCTYPE html><title>simul demo</title><h1>The lesson's site</h1>"
                          "<ul><li><a href=\"/wp-json/genrenator/v1/genre/\">a genre</a>"
                          "<li><a href=\"/wiki/Special:Random\">an article</a><li><a href=\"/demo/stats\">counts</a></ul>\n");
    });
    routes.get("/wp-json/genrenator/v1/genre/", [shared](http::request& asked) -> task<http::response> {
        const std::uint64_t number = shared->next_genre();
        co_await shared->visit(asked, shared->how().genre_latency, number);
        co_return http::json(genre_of(number));
    });
    routes.get("/wiki/Special:Random", [shared](http::request& asked) -> task<http::response> {
        const std::uint64_t number = shared->next_random();
        co_await shared->visit(asked, shared->how().wiki_latency / 2, randoms + number);
        co_return http::redirect(path_of(title_of(number)), http::status::found);
    });
    routes.get("/wiki/{title}", [shared](http::request& asked) -> task<http::response> {
        co_await shared->visit(asked, shared->how().wiki_latency / 2, articles + shared->next_article());
        co_return http::html(article(asked.param("title")));
    });
    routes.get("/demo/stats", [shared](http::request&) { return http::json(shared->counts()); });
    routes.post("/demo/reset", [shared](http::request&) {
        shared->reset();
        return http::response(http::status::no_content);
    });
    return routes;
}

} // namespace demo
