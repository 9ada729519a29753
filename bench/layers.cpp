// Single layers on one core: forward, the gradient of the input and the gradient of the kernel, as
// microseconds an image and as a share of what the core's multiply-add units could do, measured
// beside every sample. Google Benchmark runs them (--benchmark_filter=...,
// --benchmark_min_time=...); one table of medians, in the order of the list at the end, follows.
#include "peak.hpp"

#include <ctnn/ctnn.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using ctnn::conv2d, ctnn::dense, ctnn::depthwise_conv2d, ctnn::features, ctnn::kernel, ctnn::same,
    ctnn::shape, ctnn::stride;
using ctnn::simd::native;

constexpr std::size_t batch = 32, packs = batch / ctnn::simd::native_lanes;

enum work : std::size_t { forward_one, forward_batch, input_gradient, kernel_gradient, works };
constexpr std::array<const char*, works> work_names{"forward_one", "forward_batch",
                                                    "input_gradient", "kernel_gradient"};

struct result {
    std::string name;
    std::size_t multiply_adds;  // an image, those on padding left out
    std::array<std::vector<double>, works> shares{}, microseconds{}, gigabytes{}, bandwidths{};
};
std::deque<result> results;  // of all repetitions; references to its elements stay valid

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

template <class Call>
double time_of(std::size_t calls, Call& call) {
    const double start = running_seconds();
    for (std::size_t n = 0; n < calls; ++n) {
        call();
        benchmark::ClobberMemory();
    }
    return running_seconds() - start;
}

/// Every iteration is one sample: as many calls as take 0.2 ms, between two measurements of the
/// peak, of which the larger counts (the smaller may have been interrupted).
template <class Call>
void measure(benchmark::State& state, result& into, work kind, std::size_t images,
             std::size_t bytes, Call call) {
    std::size_t calls = 1;
    while (time_of(calls, call) < 2e-4) calls *= 2;
    const std::size_t before = into.shares[kind].size();
    std::vector<float> as_much(kind == forward_batch ? bytes / sizeof(float) : 0);
    double peak = bench::measure_peak();
    for ([[maybe_unused]] auto _ : state) {
        const double time = time_of(calls, call);
        const double peak_after = bench::measure_peak();
        state.SetIterationTime(time);
        const double a_call = time / static_cast<double>(calls);
        const double image = a_call / static_cast<double>(images);
        into.shares[kind].push_back(static_cast<double>(into.multiply_adds) / image /
                                    std::max(peak, peak_after));
        into.microseconds[kind].push_back(1e6 * image);
        into.gigabytes[kind].push_back(1e-9 * static_cast<double>(bytes) / a_call);
        if (!as_much.empty())
            into.bandwidths[kind].push_back(static_cast<double>(bytes) / a_call /
                                            bench::measure_bandwidth(as_much));
        peak = peak_after;
    }
    const auto median = [&](const std::vector<double>& samples) {
        return quantile(std::span(samples).subspan(before), 0.5);
    };
    state.counters["of_peak"] = median(into.shares[kind]);
    state.counters["us_per_image"] = median(into.microseconds[kind]);
    state.counters["GB_per_s"] = median(into.gigabytes[kind]);
}

using none = ctnn::detail::no_pooling;

/// Everything that a layer reads and writes; every pack of images has memory of its own.
template <class Layer>
struct memory {
    typename Layer::parameters w, d_w;
    typename Layer::input image;
    typename Layer::output image_y;
    std::array<ctnn::tensor<typename Layer::input_shape, native>, packs> x, d_x;
    std::array<ctnn::tensor<typename Layer::output_shape, native>, packs> y, d_y;
    // What a network has in its workspaces.
    ctnn::detail::scratch<float, Layer::template compute_scratch<float, none>()> scratch_one;
    ctnn::detail::scratch<native, std::max(Layer::template compute_scratch<native, none>(),
                                           Layer::template gradient_scratch<
                                               native, ctnn::detail::no_activation, none>())>
        scratch;

    memory() : d_w{} {
        const auto value = [](std::size_t i) {
            return static_cast<float>(i * 7 % 19) / 19.0f - 0.5f;
        };
        for (std::size_t i = 0; i < w.values().size(); ++i) w.values()[i] = value(i);
        for (std::size_t i = 0; i < image.size(); ++i) image[i] = value(i + 3);
        for (std::size_t n = 0; n < packs; ++n) {
            for (std::size_t i = 0; i < x[n].size(); ++i) x[n][i] = native(value(i + n));
            for (std::size_t i = 0; i < y[n].size(); ++i) d_y[n][i] = native(value(i + 5 * n));
            d_x[n].fill(native(0.0f));
            y[n].fill(native(0.0f));
        }
    }
};

template <class Layer>
void run(benchmark::State& state, result& into, work kind) {
    const auto m = std::make_unique<memory<Layer>>();
    benchmark::DoNotOptimize(m.get());
    const typename Layer::weights w(m->w);
    const typename Layer::gradients d_w(m->d_w);
    // Bytes touched a call: what is read and what is written, once.
    constexpr std::size_t bytes_x = sizeof(m->x), bytes_y = sizeof(m->y), bytes_w = sizeof(m->w);
    constexpr std::size_t bytes_one = sizeof(m->image) + sizeof(m->image_y) + bytes_w;
    using x_view = ctnn::tensor_view<typename Layer::input_shape, const native>;
    using y_view = ctnn::tensor_view<typename Layer::output_shape, const native>;
    switch (kind) {
    case forward_one:
        return measure(state, into, kind, 1, bytes_one, [&] {
            ctnn::detail::compute<Layer>(w, ctnn::tensor_view(std::as_const(m->image)),
                                         ctnn::tensor_view(m->image_y), m->scratch_one.memory);
        });
    case forward_batch:
        return measure(state, into, kind, batch, bytes_x + bytes_y + bytes_w, [&] {
            for (std::size_t n = 0; n < packs; ++n)
                ctnn::detail::compute<Layer>(w, x_view(m->x[n]), ctnn::tensor_view(m->y[n]),
                                             m->scratch.memory);
        });
    case input_gradient:
        return measure(state, into, kind, batch, bytes_x + bytes_y + bytes_w, [&] {
            for (std::size_t n = 0; n < packs; ++n)
                ctnn::detail::input_gradient<Layer>(w, x_view(m->x[n]), y_view(m->d_y[n]),
                                                    ctnn::tensor_view(m->d_x[n]));
        });
    default:
        return measure(state, into, kind, batch, bytes_x + bytes_y + 2 * bytes_w, [&] {
            for (std::size_t n = 0; n < packs; ++n)
                ctnn::detail::parameter_gradient<Layer>(x_view(m->x[n]), y_view(m->d_y[n]), d_w,
                                                        m->scratch.memory);
        });
    }
}

/// Multiply-adds of one image that no implementation can save: taps on padding do not count.
template <class Layer>
constexpr std::size_t multiply_adds_inside() {
    if constexpr (requires { Layer::rows.taps; }) {
        const auto taps = [](ctnn::detail::axis axis) {
            std::size_t sum = 0;
            for (std::size_t o = 0; o < axis.output(); ++o)
                sum += axis.taps_inside(o).last - axis.taps_inside(o).first;
            return sum;
        };
        return Layer::multiply_adds / (Layer::rows.output() * Layer::rows.taps) /
               (Layer::columns.output() * Layer::columns.taps) * taps(Layer::rows) *
               taps(Layer::columns);
    } else {
        return Layer::multiply_adds;
    }
}

template <class Input, class Spec>
void add(const std::string& name) {
    using layer = typename Spec::template on<Input>;
    result& into = results.emplace_back(result{name, multiply_adds_inside<layer>()});
    for (std::size_t kind = 0; kind < works; ++kind)
        benchmark::RegisterBenchmark(
            (name + '/' + work_names[kind]).c_str(),
            [&into, kind](benchmark::State& s) { run<layer>(s, into, static_cast<work>(kind)); })
            ->UseManualTime()
            ->Unit(benchmark::kMicrosecond);
}

void print_table() {
    std::printf("\nShares of the peak, medians; ~ where the quartiles are more than a tenth apart. "
                "Taps that fall\non padding do not count. GB/s: bytes read and written, once "
                "each; then as a share of what\ncopying as much memory reaches, in the cache that "
                "it fits into.\n\n%-42s %10s %9s %9s %9s %9s %9s %9s\n",
                "layer", "multiply-", "one", "batch of", "batch of", "of", "input", "kernel");
    std::printf("%-42s %10s %9s %9s %9s %9s %9s %9s\n", "", "adds", "image", "32", "32, GB/s",
                "copying", "gradient", "gradient");
    const auto cell = [](const std::vector<double>& samples, int digits) {
        const double median = quantile(samples, 0.5);
        const double apart = quantile(samples, 0.75) - quantile(samples, 0.25);
        if (samples.empty())
            std::printf(" %8s ", "");
        else
            std::printf(" %8.*f%c", digits, median, apart > 0.1 * median ? '~' : ' ');
    };
    for (const result& r : results) {
        std::printf("%-42s %10zu", r.name.c_str(), r.multiply_adds);
        cell(r.shares[forward_one], 2);
        cell(r.shares[forward_batch], 2);
        cell(r.gigabytes[forward_batch], 0);
        cell(r.bandwidths[forward_batch], 2);
        cell(r.shares[input_gradient], 2);
        cell(r.shares[kernel_gradient], 2);
        std::printf("\n");
    }
}

}  // namespace

int main(int argc, char** argv) {
    // By kernel, then by size of the image.
    add<shape<28, 28, 16>, conv2d<16, kernel<1, 1>>>("conv 1x1 16->16 at 28x28");
    add<shape<14, 14, 64>, conv2d<128, kernel<1, 1>>>("conv 1x1 64->128 at 14x14");
    add<shape<32, 32, 3>, conv2d<16, kernel<3, 3>, same>>("conv 3x3 3->16 at 32x32, same");
    add<shape<32, 32, 16>, conv2d<16, kernel<3, 3>, same>>("conv 3x3 16->16 at 32x32, same");
    add<shape<28, 28, 32>, conv2d<64, kernel<3, 3>, same>>("conv 3x3 32->64 at 28x28, same");
    add<shape<28, 28, 16>, conv2d<32, kernel<3, 3>, stride<2, 2>, same>>(
        "conv 3x3 16->32 at 28x28, same, stride 2");
    add<shape<28, 28, 16>, conv2d<32, kernel<3, 3>, ctnn::dilation<2, 2>, same>>(
        "conv 3x3 16->32 at 28x28, same, dilation 2");
    add<shape<14, 14, 64>, conv2d<64, kernel<3, 3>, same>>("conv 3x3 64->64 at 14x14, same");
    add<shape<14, 14, 32>, conv2d<32, kernel<3, 3>, ctnn::groups<4>, same>>(
        "conv 3x3 32->32 at 14x14, same, 4 groups");
    add<shape<7, 7, 128>, conv2d<128, kernel<3, 3>, same>>("conv 3x3 128->128 at 7x7, same");
    add<shape<28, 28, 8>, conv2d<8, kernel<3, 5>>>("conv 3x5 8->8 at 28x28");
    add<shape<28, 28, 1>, conv2d<6, kernel<5, 5>, same>>("conv 5x5 1->6 at 28x28, same (LeNet-5)");
    add<shape<28, 28, 1>, conv2d<8, kernel<5, 5>>>("conv 5x5 1->8 at 28x28");
    add<shape<14, 14, 6>, conv2d<16, kernel<5, 5>>>("conv 5x5 6->16 at 14x14 (LeNet-5)");
    add<shape<16, 16, 8>, conv2d<3, kernel<5, 5>, same>>("conv 5x5 8->3 at 16x16, same");
    add<shape<16, 16, 8>, conv2d<7, kernel<5, 5>, same>>("conv 5x5 8->7 at 16x16, same");
    add<shape<16, 16, 7>, conv2d<10, kernel<5, 5>, same>>("conv 5x5 7->10 at 16x16, same");
    add<shape<16, 16, 10>, conv2d<17, kernel<5, 5>, same>>("conv 5x5 10->17 at 16x16, same");
    add<shape<32, 32, 3>, conv2d<16, kernel<7, 7>, same>>("conv 7x7 3->16 at 32x32, same");
    add<shape<32, 32, 3>, conv2d<16, kernel<7, 7>, stride<2, 2>, same>>(
        "conv 7x7 3->16 at 32x32, same, stride 2");
    add<shape<28, 28, 32>, depthwise_conv2d<kernel<3, 3>, same>>("depthwise 3x3 32 at 28x28, same");
    add<shape<28, 28, 32>, depthwise_conv2d<kernel<3, 3>, stride<2, 2>, same>>(
        "depthwise 3x3 32 at 28x28, same, stride 2");
    add<shape<14, 14, 64>, depthwise_conv2d<kernel<5, 5>, same>>("depthwise 5x5 64 at 14x14, same");
    add<features<10>, dense<10>>("dense 10->10");
    add<features<84>, dense<10>>("dense 84->10 (LeNet-5)");
    add<features<120>, dense<84>>("dense 120->84 (LeNet-5)");
    add<features<400>, dense<120>>("dense 400->120 (LeNet-5)");
    add<features<784>, dense<128>>("dense 784->128");
    add<features<1024>, dense<1000>>("dense 1024->1000");

    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    print_table();
}
