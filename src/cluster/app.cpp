// SPDX-License-Identifier: MIT
#include "app_core.hpp"

#include <simul/base/error.hpp>
#include <simul/cluster/app.hpp>

#include <string>
#include <utility>

namespace simul::cluster {
namespace {

/// Without the password.
std::string shown(const std::string& url)
{
    const std::size_t begin = url.find("://") + 3;
    const std::size_t at = url.find('@', begin);
    const std::size_t colon = url.find(':', begin);
    if (at == std::string::npos || at > url.find('/', begin) || colon > at)
        return url;
    return url.substr(0, colon) + url.substr(at);
}

detail::app_parts parts_of(const std::string& broker, const app_options& options)
{
    detail::app_parts parts;
    parts.connect = [url = broker,
                     with = detail::broker_options{.key_prefix = options.key_prefix,
                                                   .quorum_queues = options.quorum_queues,
                                                   .max_priority = options.max_priority,
                                                   .longest_backoff = options.longest_backoff,
                                                   .publish_timeout = options.publish_timeout,
                                                   .tls = options.tls}] { return detail::connect_broker(url, with); };
    if (const std::string results = detail::results_beside(broker, options.results); results != "none")
        parts.connect_results = [url = results,
                                 with = detail::results_options{.expires = options.result_expires,
                                                                .key_prefix = options.key_prefix,
                                                                .tls = options.tls}](detail::broker& by) {
            return detail::connect_results(url, by, with);
        };
    return parts;
}

} // namespace

app::app(std::string broker, app_options options)
{
    detail::check_broker(broker);
    detail::app_parts parts = parts_of(broker, options);
    core_ = std::make_shared<detail::app_core>(shown(broker), std::move(options), std::move(parts));
}

app::app(std::string name, app_options options, detail::app_parts parts)
    : core_(std::make_shared<detail::app_core>(std::move(name), std::move(options), std::move(parts)))
{
}

app::~app()
{
    core_->end();
}

future<> app::revoke(std::string id)
{
    std::string name = "revoke " + id;
    return ask<detail::one_result<void>>(detail::order_kind::revoke,
                                         {.signature = std::move(id), .name = std::move(name), .listeners = {}});
}

future<> app::close()
{
    return ask<detail::one_result<void>>(detail::order_kind::close,
                                         {.signature = {}, .name = "close", .listeners = {}});
}

void app::refuse_ignored(const submit_options& options)
{
    if (options.ignore_result)
        throw error(std::errc::invalid_argument,
                    "cluster: submit gives the future of a result, which ignore_result drops: publish() the job");
}

} // namespace simul::cluster
