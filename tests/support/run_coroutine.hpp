// SPDX-License-Identifier: Apache-2.0
// Runs a coroutine of the control thread to its end, for tests of what is awaited.
#pragma once

#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace tcmud::test {

template <class T>
T run_coroutine(boost::asio::io_context& context, boost::asio::awaitable<T> coroutine) {
    std::optional<T> result;
    boost::asio::co_spawn(context, std::move(coroutine), [&](const std::exception_ptr& error, T value) {
        if (error) std::rethrow_exception(error);
        result.emplace(std::move(value));
    });
    context.restart();
    while (!result && context.run_one() != 0) {
    }
    if (!result) throw std::logic_error("the coroutine waits for something that nobody will do");
    return std::move(*result);
}

}  // namespace tcmud::test
