// SPDX-License-Identifier: MIT
//
// The one file that sees the HTML parser: gumbo. Modest is four times as fast, but AddressSanitizer had something to say about it
// after a minute of fuzzing (a memcpy of overlapping memory in mycore_string_append), and nobody maintains it.
//
// gumbo takes time quadratic in the depth of its tree and in the number of an element's attributes, and memory that is
// quadratic when formatting elements are left open. It can be asked to allocate elsewhere, so that is where it is watched, and
// left by longjmp when it goes too far: it is C, and all that it has is in the arena.
#include "ascii.hpp"
#include "charset.hpp"
#include "html_tree.hpp"
#include "utf8.hpp"

#include <simul/base/error.hpp>

#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <gumbo.h>
#include <utility>

namespace simul::html::detail {

namespace {

/// Memory that is freed at once, and full of zeros.
class arena {
public:
    arena() { chunks_.reserve(most_chunks); }
    arena(const arena&) = delete;
    arena& operator=(const arena&) = delete;
    ~arena()
    {
        for (void* const each : chunks_)
            std::free(each);
    }

    /// Null when there is none. Throws nothing: a C library calls.
    void* allocate(std::size_t size) noexcept
    {
        size = (size + alignof(std::max_align_t) - 1) & ~(alignof(std::max_align_t) - 1);
        if (left_ < size && !grow(size))
            return nullptr;
        left_ -= size;
        return std::exchange(at_, at_ + size);
    }
    std::size_t total() const noexcept { return total_; }

private:
    static constexpr std::size_t most_chunks = 128; // each has half of the size of all before

    bool grow(std::size_t size) noexcept
    {
        const std::size_t wanted = std::max({size, total_ / 2, std::size_t{64} << 10});
        at_ = chunks_.size() < most_chunks ? static_cast<char*>(std::calloc(1, wanted)) : nullptr;
        left_ = at_ ? wanted : 0;
        if (!at_)
            return false;
        chunks_.push_back(at_);
        total_ += wanted;
        return true;
    }

    std::vector<void*> chunks_;
    char* at_ = nullptr;
    std::size_t left_ = 0;
    std::size_t total_ = 0;
};

/// What gumbo allocates from.
class watched_memory {
public:
    watched_memory(std::size_t text_size, unsigned max_depth)
        : max_total_(text_size * 128 + (std::size_t{16} << 20)), max_depth_(max_depth)
    {
    }

    /// Null when it went too far, with the reason in `problem`.
    const GumboOutput* parse(std::string_view text)
    {
        GumboOptions options = kGumboDefaultOptions;
        options.max_errors = 0;
        options.userdata = this;
        options.allocator = [](void* self, std::size_t size) {
            return static_cast<watched_memory*>(self)->allocate(size);
        };
        options.deallocator = [](void*, void*) {};
        if (setjmp(leave_) != 0)
            return nullptr;
        return gumbo_parse_with_options(&options, text.data(), text.size());
    }
    const char* problem = nullptr;

private:
    void* allocate(std::size_t size) noexcept
    {
        if (size == sizeof(GumboNode)) {
            look_at_candidate();
            check_depth();
        } else if (size == sizeof(GumboAttribute)) {
            look_at_candidate();
            if (++attributes_ > most_attributes)
                stop("there are more than 1024 attributes in a row");
        }
        void* const room = memory_.allocate(size);
        if (!room)
            stop("there is no memory for it");
        if (memory_.total() > max_total_)
            stop("it becomes more than 128 times as large when it is parsed");
        if (size == sizeof(GumboNode))
            candidate_ = room;
        return room;
    }
    /// Now that it is filled: what isn't a node but has its size is text, which has no zeros in it, or a vector of pointers. No
    /// small number is at its beginning.
    void look_at_candidate() noexcept
    {
        unsigned type = GUMBO_NODE_TEMPLATE + 1;
        if (candidate_)
            std::memcpy(&type, candidate_, sizeof type);
        if (type <= GUMBO_NODE_TEMPLATE) {
            node_ = static_cast<const GumboNode*>(candidate_);
            attributes_ = 0;
        }
        candidate_ = nullptr;
    }
    void check_depth() noexcept
    {
        unsigned depth = 0;
        for (const GumboNode* outer = node_; outer; outer = outer->parent)
            if (++depth > max_depth_ + 1) // the document is no element
                stop("elements are nested deeper than options::max_depth");
    }
    [[noreturn]] void stop(const char* why) noexcept
    {
        problem = why;
        std::longjmp(leave_, 1);
    }

    static constexpr unsigned most_attributes = 1024;

    arena memory_;
    const std::size_t max_total_;
    const unsigned max_depth_;
    const void* candidate_ = nullptr; ///< the latest memory of a node's size, until it is looked at
    const GumboNode* node_ = nullptr; ///< the latest
    unsigned attributes_ = 0;         ///< since that node
    std::jmp_buf leave_;
};

/// Makes our tree from gumbo's.
class builder {
public:
    explicit builder(tree& into) : into_(into) {}

    void copy(const GumboNode* document);

private:
    void add(const GumboNode& from, std::uint32_t parent);
    void add_element(const GumboElement& from, node& to);
    std::uint32_t name_of(const GumboElement& element);
    slice put(std::string_view text);

    tree& into_;
    std::uint32_t known_[GUMBO_TAG_LAST] = {};               ///< HTML's own; 0: not met yet
    std::unordered_map<std::string, std::uint32_t> numbers_; ///< in `tree::names`
};

const GumboVector* children_of(const GumboNode& of)
{
    switch (of.type) {
    case GUMBO_NODE_DOCUMENT:
        return &of.v.document.children;
    case GUMBO_NODE_ELEMENT:
    case GUMBO_NODE_TEMPLATE:
        return &of.v.element.children;
    default:
        return nullptr;
    }
}

const GumboNode* child_of(const GumboVector& children, std::size_t index)
{
    return index < children.length ? static_cast<const GumboNode*>(children.data[index]) : nullptr;
}

void builder::copy(const GumboNode* document)
{
    into_.has_doctype = document->v.document.has_doctype;
    into_.nodes.emplace_back();

    struct level {
        const GumboVector* children;
        std::size_t next;
        std::uint32_t index;   // of the parent in our tree
        std::uint32_t ordinal; // of its last element
        std::uint32_t last_element;
    };
    std::vector<level> open = {{&document->v.document.children, 0, 0, 0, 0}};
    while (!open.empty()) {
        level& in = open.back();
        const GumboNode* const from = child_of(*in.children, in.next++);
        if (!from) {
            into_.nodes[in.index].end = static_cast<std::uint32_t>(into_.nodes.size());
            open.pop_back();
            continue;
        }
        const auto index = static_cast<std::uint32_t>(into_.nodes.size());
        add(*from, in.index);
        if (const GumboVector* const inner = children_of(*from)) {
            node& added = into_.nodes.back();
            added.ordinal = ++in.ordinal;
            added.previous = in.ordinal > 1 ? in.last_element : index;
            in.last_element = index;
            if (in.index == 0)
                into_.root = index;
            open.push_back({inner, 0, index, 0, 0});
        }
    }
}

void builder::add(const GumboNode& from, std::uint32_t parent)
{
    node& to = into_.nodes.emplace_back();
    to.parent = parent;
    to.end = static_cast<std::uint32_t>(into_.nodes.size());
    if (children_of(from)) {
        add_element(from.v.element, to);
    } else {
        to.kind = from.type == GUMBO_NODE_COMMENT ? node_kind::comment : node_kind::text;
        to.text = put(from.v.text.text);
    }
}

void builder::add_element(const GumboElement& from, node& to)
{
    to.name = name_of(from);
    to.attributes = static_cast<std::uint32_t>(into_.attributes.size());
    to.attribute_count = from.attributes.length;
    for (unsigned i = 0; i < from.attributes.length; ++i) {
        const auto& each = *static_cast<const GumboAttribute*>(from.attributes.data[i]);
        std::string_view prefix;
        switch (each.attr_namespace) {
        case GUMBO_ATTR_NAMESPACE_XLINK:
            prefix = "xlink:";
            break;
        case GUMBO_ATTR_NAMESPACE_XML:
            prefix = "xml:";
            break;
        case GUMBO_ATTR_NAMESPACE_XMLNS:
            prefix = std::string_view(each.name) == "xmlns" ? "" : "xmlns:";
            break;
        default:
            break;
        }
        slice name = put(prefix);
        name.size += put(each.name).size;
        into_.attributes.push_back({name, put(each.value)});
    }
}

std::uint32_t builder::name_of(const GumboElement& element)
{
    const auto number_of = [&](std::string name) {
        const auto [place, added] =
            numbers_.try_emplace(std::move(name), static_cast<std::uint32_t>(into_.names.size()));
        if (added)
            into_.names.push_back(place->first);
        return place->second;
    };
    const bool html = element.tag_namespace == GUMBO_NAMESPACE_HTML;
    if (html && element.tag != GUMBO_TAG_UNKNOWN) {
        std::uint32_t& known = known_[element.tag];
        if (known == 0)
            known = number_of(gumbo_normalized_tagname(element.tag));
        return known;
    }

    std::string name;
    GumboStringPiece original = element.original_tag;
    gumbo_tag_from_original_text(&original);
    const char* const of_svg =
        element.tag_namespace == GUMBO_NAMESPACE_SVG ? gumbo_normalize_svg_tagname(&original) : nullptr;
    if (of_svg)
        name = of_svg;
    else if (element.tag != GUMBO_TAG_UNKNOWN)
        name = gumbo_normalized_tagname(element.tag);
    else
        for (const char c : std::string_view(original.data, original.length)) {
            if (c == '\0')
                name += "\ufffd";
            else
                name += simul::detail::lower(c);
        }
    return number_of(std::move(name));
}

slice builder::put(std::string_view text)
{
    if (into_.characters.size() + 3 * text.size() > UINT32_MAX)
        throw error(std::errc::message_size, "parse HTML: it has more than 4 GiB of text");
    slice put{static_cast<std::uint32_t>(into_.characters.size()), 0};
    if (simul::detail::find_invalid_utf8(text) == std::string_view::npos)
        into_.characters += text;
    else // gumbo's arithmetic overflows at "&#x4eeeeeeeeeeeee1;"
        simul::detail::append_as_utf8(into_.characters, text, "UTF-8");
    put.size = static_cast<std::uint32_t>(into_.characters.size() - put.begin);
    return put;
}

} // namespace

void build(tree& into, std::string_view text, unsigned max_depth)
{
    watched_memory memory(text.size(), max_depth);
    const GumboOutput* const parsed = memory.parse(text);
    if (!parsed)
        throw error(std::errc::message_size, std::string("parse HTML: ") + memory.problem);
    into.characters.reserve(text.size());
    builder(into).copy(parsed->document);
}

} // namespace simul::html::detail
