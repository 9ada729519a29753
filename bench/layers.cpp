// Single layers on one core: forward, the gradient of the input and the gradient of the kernel, as
// microseconds an image and as a share of what the core's multiply-add units could do, measured
// beside every sample, in turns with oneDNN where it is here. Google Benchmark runs them
// (--benchmark_filter=..., --benchmark_min_time=...); tables of medians follow. With --direct oneDNN
// multiplies as often as ours does.
#include "layers.hpp"
#include "peak.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#ifndef BENCH_ONEDNN
bench::peer_call bench::onednn_call(const problem&, work, bool) {
    return {};
}
#endif

namespace {

using bench::works, bench::forward_one, bench::forward_batch, bench::input_gradient,
    bench::kernel_gradient;

constexpr std::array<const char*, works> work_names{"forward_one", "forward_batch",
                                                    "input_gradient", "kernel_gradient"};

/// Of all samples.
struct result {
    bench::layer layer;
    std::array<std::vector<double>, works> shares{}, microseconds{}, gigabytes{}, bandwidths{},
        onednn_shares{};
    std::array<bool, works> onednn_is_winograd{};
};
std::deque<result> results;  // references to its elements stay valid
bool onednn_is_direct = false;

/// Time that this thread was running: calls of milliseconds are interrupted on a busy machine.
double running_seconds() {
    std::timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double quantile(std::span<const double> values, double part) {
    if (values.empty()) return 0.0;
    std::vector<double> sorted(values.begin(), values.end());
    std::sort(sorted.begin(), sorted.end());
    return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1) + 0.5)];
}

double time_of(std::size_t calls, const std::function<void()>& run) {
    const double start = running_seconds();
    for (std::size_t n = 0; n < calls; ++n) {
        run();
        benchmark::ClobberMemory();
    }
    return running_seconds() - start;
}
/// As many calls as take 0.2 ms.
std::size_t calls_of_a_sample(const std::function<void()>& run) {
    std::size_t calls = 1;
    while (time_of(calls, run) < 2e-4) calls *= 2;
    return calls;
}

/// Every iteration is one sample of ours and one of oneDNN, each between two measurements of the
/// peak, of which the larger counts (the smaller may have been interrupted).
void measure(benchmark::State& state, result& into, bench::work kind) {
    const bench::call ours = into.layer.prepare(kind);
    if (!ours.run) return state.SkipWithError("not measured");
    const bench::peer_call peer = bench::onednn_call(into.layer.numbers, kind, onednn_is_direct);
    const std::function<void()>& theirs = peer.run;
    into.onednn_is_winograd[kind] = peer.is_winograd;
    const std::size_t calls = calls_of_a_sample(ours.run);
    const std::size_t their_calls = theirs ? calls_of_a_sample(theirs) : 0;
    const std::size_t before = into.shares[kind].size();
    std::vector<float> as_much(kind == forward_batch ? ours.bytes / sizeof(float) : 0);
    const double images = kind == forward_one ? 1.0 : double{bench::batch};
    const double of_a_call = static_cast<double>(into.layer.multiply_adds) * images;
    const auto bytes = static_cast<double>(ours.bytes);
    double peak = bench::measure_peak();
    for ([[maybe_unused]] auto _ : state) {
        const double time = time_of(calls, ours.run);
        double peak_after = bench::measure_peak();
        state.SetIterationTime(time);
        const double a_call = time / static_cast<double>(calls);
        into.shares[kind].push_back(of_a_call / a_call / std::max(peak, peak_after));
        into.microseconds[kind].push_back(1e6 * a_call / images);
        into.gigabytes[kind].push_back(1e-9 * bytes / a_call);
        if (!as_much.empty())
            into.bandwidths[kind].push_back(bytes / a_call / bench::measure_bandwidth(as_much));
        if (theirs) {
            const double their_time = time_of(their_calls, theirs);
            peak = std::exchange(peak_after, bench::measure_peak());
            into.onednn_shares[kind].push_back(of_a_call / their_time *
                                               static_cast<double>(their_calls) /
                                               std::max(peak, peak_after));
        }
        peak = peak_after;
    }
    const auto median = [&](const std::vector<double>& samples) {
        return quantile(std::span(samples).subspan(before), 0.5);
    };
    state.counters["of_peak"] = median(into.shares[kind]);
    state.counters["us_per_image"] = median(into.microseconds[kind]);
    state.counters["GB_per_s"] = median(into.gigabytes[kind]);
    if (theirs) state.counters["oneDNN_of_peak"] = median(into.onednn_shares[kind]);
}

void add(std::vector<bench::layer> layers) {
    for (bench::layer& layer : layers) {
        result& into = results.emplace_back(result{std::move(layer)});
        for (std::size_t kind = 0; kind < works; ++kind)
            benchmark::RegisterBenchmark((into.layer.name + '/' + work_names[kind]).c_str(),
                                         [&into, kind](benchmark::State& s) {
                                             measure(s, into, static_cast<bench::work>(kind));
                                         })
                ->UseManualTime()
                ->Unit(benchmark::kMicrosecond);
    }
}

void print_cell(const std::vector<double>& samples, int width, int digits) {
    const double median = quantile(samples, 0.5);
    const double apart = quantile(samples, 0.75) - quantile(samples, 0.25);
    if (samples.empty())
        std::printf(" %*s ", width, "");
    else
        std::printf(" %*.*f%c", width, digits, median, apart > 0.1 * median ? '~' : ' ');
}

void print_table() {
    std::printf("\nShares of the peak, medians; ~ where the quartiles are more than a tenth apart. "
                "Taps that fall\non padding do not count. GB/s: bytes read and written, once "
                "each; then as a share of what\ncopying as much memory reaches, in the cache that "
                "it fits into.\n\n%-42s %10s %9s %9s %9s %9s %9s %9s\n",
                "layer", "multiply-", "one", "batch of", "batch of", "of", "input", "kernel");
    std::printf("%-42s %10s %9s %9s %9s %9s %9s %9s\n", "", "adds", "image", "32", "32, GB/s",
                "copying", "gradient", "gradient");
    for (const result& r : results) {
        std::printf("%-42s %10zu", r.layer.name.c_str(), r.layer.multiply_adds);
        print_cell(r.shares[forward_one], 8, 2);
        print_cell(r.shares[forward_batch], 8, 2);
        print_cell(r.gigabytes[forward_batch], 8, 0);
        print_cell(r.bandwidths[forward_batch], 8, 2);
        print_cell(r.shares[input_gradient], 8, 2);
        print_cell(r.shares[kernel_gradient], 8, 2);
        std::printf("\n");
    }
}

#ifdef BENCH_ONEDNN
void print_comparison() {
    std::printf("\nShares of the peak: ours, oneDNN's (formats of its choice, no reordering; w: "
                "Winograd's\nalgorithm, unless --direct), and how many times as fast ours is (! "
                "where it is slower).\n\n%-42s   %-20s  %-20s  "
                "%-20s  %-20s\n",
                "layer", "one image", "batch of 32", "input gradient", "kernel gradient");
    for (const result& r : results) {
        std::printf("%-42s", r.layer.name.c_str());
        for (std::size_t kind = 0; kind < works; ++kind) {
            print_cell(r.shares[kind], 5, 2);
            print_cell(r.onednn_shares[kind], 5, 2);
            std::printf("%c", r.onednn_is_winograd[kind] ? 'w' : ' ');
            const double theirs = quantile(r.onednn_shares[kind], 0.5);
            const double times = theirs > 0.0 ? quantile(r.shares[kind], 0.5) / theirs : 0.0;
            if (theirs > 0.0)
                std::printf(" %4.2f%c", times, times < 0.995 ? '!' : ' ');
            else
                std::printf(" %4s ", "");
        }
        std::printf("\n");
    }
}
#endif

}  // namespace

int main(int argc, char** argv) {
    add(bench::pointwise_convolutions());
    add(bench::square_convolutions());
    add(bench::deep_convolutions());
    add(bench::wide_convolutions());
    add(bench::depthwise_convolutions());
    add(bench::dense_layers());

    onednn_is_direct = std::count(argv, argv + argc, std::string_view("--direct")) > 0;
    argc = static_cast<int>(std::remove(argv, argv + argc, std::string_view("--direct")) - argv);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    print_table();
#ifdef BENCH_ONEDNN
    print_comparison();
#endif
}
