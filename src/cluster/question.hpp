// SPDX-License-Identifier: MIT
//
// question: what is asked of workers, by broadcast, as `celery inspect` and `celery control` do:
//
//     {"method": "ping", "arguments": {}, "destination": null, "reply_to": {"exchange": ..., "routing_key": ...}, "ticket": ...}
//
// Answers, {node: value}, go through an exchange of their own to the queue of who asked. One without `reply_to` is an order.
#pragma once

#include <simul/text/json.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace simul::cluster::detail {

inline constexpr std::string_view questions_exchange = "celery.pidbox";
inline constexpr std::string_view answers_exchange = "reply.celery.pidbox";
inline constexpr std::string_view events_exchange = "celeryev"; ///< of what workers tell without being asked

struct question {
    json::value body;
    json::object headers;
};

/// To all workers; an order, unless `answer_to` is called.
question make_question(std::string_view method, json::object arguments);
/// Who asks is known by this name.
void answer_to(question& asked, std::string_view asker);

/// Where a worker hears questions.
std::string question_queue(std::string_view node);
/// Where who asked finds the answers.
std::string answer_queue(std::string_view asker);

struct answer_address {
    std::string exchange;
    std::string asker; ///< the routing key
};
/// None of an order.
std::optional<answer_address> address_of_answer(const question& asked);
/// By which who asked knows what is answered, and when.
json::object headers_of_answer(const question& asked);

} // namespace simul::cluster::detail
