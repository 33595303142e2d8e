// SPDX-License-Identifier: MIT
#include "question.hpp"

#include "json_fields.hpp"
#include "request.hpp"

#include <utility>

namespace simul::cluster::detail {

question make_question(std::string_view method, json::object arguments)
{
    return {.body = json::object{{"method", method},
                                 {"arguments", std::move(arguments)},
                                 {"destination", nullptr},
                                 {"pattern", nullptr},
                                 {"matcher", nullptr}},
            .headers = {{"clock", 1}, {"expires", 0}}};
}

void answer_to(question& asked, std::string_view asker)
{
    asked.body["reply_to"] = json::object{{"exchange", answers_exchange}, {"routing_key", asker}};
    asked.body["ticket"] = new_id();
}

std::string question_queue(std::string_view node)
{
    return std::string(node) + '.' + std::string(questions_exchange);
}

std::string answer_queue(std::string_view asker)
{
    return std::string(asker) + '.' + std::string(answers_exchange);
}

std::optional<answer_address> address_of_answer(const question& asked)
{
    const json::value* const to = asked.body.find("reply_to");
    const std::string* const asker = to ? text_in(*to, "routing_key") : nullptr;
    if (!asker)
        return std::nullopt;
    return answer_address{text_or(*to, "exchange", answers_exchange), *asker};
}

json::object headers_of_answer(const question& asked)
{
    json::object made;
    if (const json::value* const ticket = asked.body.find("ticket"))
        made["ticket"] = *ticket;
    if (const auto clock = number_in(asked.headers, "clock"))
        made["clock"] = *clock + 1;
    return made;
}

} // namespace simul::cluster::detail
