// Networks in bytes beside the same in floats, on one core: in turns, medians, as microseconds and as
// shares of what the core could do, bytes or floats, measured in the same moments; beside oneDNN's
// bytes where it is. `int8 LeNet` only those with that word.
#include "int8.hpp"
#include "conditions.hpp"
#include "peak.hpp"

#include <ctnn/simd/integer_vector.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

/// Multiply-adds of bytes a second, from registers alone.
template <class Vector = ctnn::simd::integers<ctnn::simd::integer_lanes>>
double measure_byte_peak() {
    constexpr std::size_t chains = 12, steps = 20'000;
    typename Vector::reg sum[chains];
    for (auto& s : sum) s = Vector::zero();
    auto x = Vector::all_bytes(3);
    const auto w = Vector::in_register(Vector::all_bytes(5));
    const double start = bench::seconds();
    for (std::size_t n = 0; n < steps; ++n) {
        CTNN_UNROLLED
        for (std::size_t c = 0; c < chains; ++c) {
            x = Vector::in_register(x);  // or the products would be computed once for all
            if constexpr (ctnn::simd::multiplies_bytes)
                sum[c] = Vector::in_register(Vector::dot(sum[c], x, w));
            else
                sum[c] = Vector::in_register(
                    Vector::add(sum[c], Vector::in_register(Vector::products(x, w))));
        }
    }
    auto total = sum[0];
    for (const auto& s : sum) total = Vector::add(total, s);
    std::int32_t kept[ctnn::simd::integer_lanes];
    Vector::store(kept, total);
    asm volatile("" : : "m"(kept[0]));
    const double time = bench::seconds() - start;
    return static_cast<double>(chains * steps * ctnn::simd::integer_lanes *
                               (ctnn::simd::multiplies_bytes ? 4 : 2)) /
           time;
}

double measure(const bench::int8_contest& c, const std::function<void()>& call) {
    call();  // the one before left its own data in the caches
    const auto calls = static_cast<std::size_t>(1.0 + 2e7 / static_cast<double>(c.multiply_adds));
    const double start = bench::seconds();
    for (std::size_t n = 0; n < calls; ++n) call();
    return (bench::seconds() - start) / static_cast<double>(calls);
}
double best_of_five(double (*peak)()) {
    double best = 0.0;
    for (int n = 0; n < 5; ++n) best = std::max(best, peak());
    return best;
}

void race(const bench::int8_contest& c) {
    constexpr int rounds = 41;
    const auto work = static_cast<double>(c.multiply_adds), images = static_cast<double>(c.images);
    std::vector<double> times, shares, float_times, float_shares, ratios, onednn_times, onednn;
    for (int round = 0; round < rounds; ++round) {
        const double peak = best_of_five(measure_byte_peak<>),
                     float_peak = best_of_five(bench::measure_peak);
        const double time = measure(c, c.in_bytes);
        shares.push_back(work / time / peak);
        times.push_back(time * 1e6 / images);
        if (c.in_floats) {
            const double float_time = measure(c, c.in_floats);
            float_shares.push_back(work / float_time / float_peak);
            ratios.push_back(time / float_time);
            float_times.push_back(float_time * 1e6 / images);
        }
        if (c.in_onednn) {
            const double onednn_time = measure(c, c.in_onednn);
            onednn_times.push_back(onednn_time * 1e6 / images);
            onednn.push_back(onednn_time / time);
        }
    }
    const auto least = [](const std::vector<double>& all) {
        return *std::min_element(all.begin(), all.end());
    };
    std::printf("%-34s %9.2f %9.2f %6.2f", c.name.c_str(), bench::median(times), least(times),
                bench::median(shares));
    if (c.in_floats)
        std::printf(" %9.2f %9.2f %6.2f %6.2f", bench::median(float_times), least(float_times),
                    bench::median(float_shares), bench::median(ratios));
    if (c.in_onednn)
        std::printf(" %9.2f %9.2f %6.2f", bench::median(onednn_times), least(onednn_times),
                    bench::median(onednn));
    std::printf("\n");
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    // As many bytes in an instruction as ctnn has: no matrices of AMX. The environment may say more.
    setenv("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_VNNI", 0);
    bench::print_conditions(false);
    std::printf("%zu lanes, compiler %s; thousand millions a second: bytes %.0f, floats %.0f\n",
                ctnn::simd::integer_lanes, __VERSION__, best_of_five(measure_byte_peak<>) / 1e9,
                best_of_five(bench::measure_peak) / 1e9);
    std::printf("%-34s %9s %9s %6s %9s %9s %6s %6s %9s %9s %6s\n", "", "bytes, us", "least", "peak",
                "floats, us", "least", "peak", "ratio", "oneDNN,us", "least", "times");
    std::vector<bench::int8_contest> all;
    bench::add_lenet5(all);
    bench::add_ds_cnn(all);
    bench::add_resnet8(all);
    bench::add_mobilenet(all);
    bench::add_layers(all);
    for (const auto& c : all)
        if (argc < 2 || c.name.find(argv[1]) != std::string::npos) race(c);
}
