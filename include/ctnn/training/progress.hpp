// What a person sees while a network trains: a bar that moves when standard error is a terminal,
// and a line for every epoch, which is all there is when it is not.
#pragma once

#include <ctnn/language.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>

#if defined(_WIN32)
#include <io.h>
#else
#include <unistd.h>
#endif

namespace ctnn::detail {

inline bool standard_error_is_a_terminal() noexcept {
#if defined(_WIN32)
    return _isatty(_fileno(stderr)) != 0;
#else
    return isatty(STDERR_FILENO) != 0;
#endif
}

/// " - name: 0.1234", or nothing for what is not a number.
inline std::string metric(const char* name, double value) {
    if (std::isnan(value)) return {};
    char text[64];
    std::snprintf(text, sizeof text, " - %s: %.4f", name, value);
    return text;
}

class progress_bar {
public:
    progress_bar(bool wanted, std::size_t epoch, std::size_t epochs, std::size_t steps)
        : wanted_(wanted), steps_(steps),
          heading_("Epoch " + std::to_string(epoch) + "/" + std::to_string(epochs)) {}
    progress_bar(const progress_bar&) = delete;
    progress_bar& operator=(const progress_bar&) = delete;
    /// A bar that was not finished stays, and what comes next begins a line of its own.
    ~progress_bar() {
        if (is_drawn_) std::fputc('\n', stderr);
    }

    /// After `step` of the steps; draws at most ten times a second.
    void update(std::size_t step, double loss, double accuracy) {
        if (!wanted_ || !terminal_) return;
        const auto now = std::chrono::steady_clock::now();
        if (step < steps_ && now - drawn_ < std::chrono::milliseconds(100)) return;
        drawn_ = now;
        is_drawn_ = true;
        constexpr std::size_t width = 30;
        const std::size_t full = steps_ == 0 ? width : width * step / steps_;
        const std::string bar = std::string(full, '=') + std::string(width - full, '.');
        std::fprintf(stderr, "\r\033[K%s [%s] %zu/%zu%s%s", heading_.c_str(), bar.c_str(), step,
                     steps_, metric("loss", loss).c_str(), metric("accuracy", accuracy).c_str());
        std::fflush(stderr);
    }

    /// Replaces the bar by the epoch's line.
    void finish(double seconds, const std::string& metrics) {
        if (!wanted_) return;
        is_drawn_ = false;
        std::fprintf(stderr, "%s%s - %.2f s%s\n", terminal_ ? "\r\033[K" : "", heading_.c_str(),
                     seconds, metrics.c_str());
        std::fflush(stderr);
    }

private:
    bool wanted_;
    bool terminal_ = standard_error_is_a_terminal();
    bool is_drawn_ = false;
    std::size_t steps_;
    std::string heading_;
    std::chrono::steady_clock::time_point drawn_{};
};

}  // namespace ctnn::detail
