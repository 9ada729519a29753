// Networks in bytes beside the same in floats, on one core: in turns, medians, as microseconds and as
// shares of what the core could do, bytes or floats, measured in the same moments. `int8 LeNet` only
// those with that word.
#include "int8.hpp"
#include "conditions.hpp"
#include "peak.hpp"

#include <ctnn/simd/integer_vector.hpp>

#include <algorithm>
#include <cstdio>
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
    std::vector<double> times, shares, float_times, float_shares, ratios;
    for (int round = 0; round < rounds; ++round) {
        const double peak = best_of_five(measure_byte_peak<>),
                     float_peak = best_of_five(bench::measure_peak);
        const auto work = static_cast<double>(c.multiply_adds),
                   images = static_cast<double>(c.images);
        times.push_back(measure(c, c.in_bytes));
        shares.push_back(work / times.back() / peak);
        if (c.in_floats) {
            float_times.push_back(measure(c, c.in_floats));
            float_shares.push_back(work / float_times.back() / float_peak);
            ratios.push_back(times.back() / float_times.back());
            float_times.back() *= 1e6 / images;
        }
        times.back() *= 1e6 / images;
    }
    std::printf("%-34s %9.2f %9.2f %6.2f", c.name.c_str(), bench::median(times),
                *std::min_element(times.begin(), times.end()), bench::median(shares));
    if (c.in_floats)
        std::printf(" %9.2f %9.2f %6.2f %6.2f", bench::median(float_times),
                    *std::min_element(float_times.begin(), float_times.end()),
                    bench::median(float_shares), bench::median(ratios));
    std::printf("\n");
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    bench::print_conditions();
    std::printf("%zu lanes, compiler %s; thousand millions a second: bytes %.0f, floats %.0f\n",
                ctnn::simd::integer_lanes, __VERSION__, best_of_five(measure_byte_peak<>) / 1e9,
                best_of_five(bench::measure_peak) / 1e9);
    std::printf("%-34s %9s %9s %6s %9s %9s %6s %6s\n", "", "bytes, us", "least", "peak",
                "floats, us", "least", "peak", "ratio");
    std::vector<bench::int8_contest> all;
    bench::add_lenet5(all);
    bench::add_ds_cnn(all);
    bench::add_resnet8(all);
    bench::add_mobilenet(all);
    bench::add_layers(all);
    for (const auto& c : all)
        if (argc < 2 || c.name.find(argv[1]) != std::string::npos) race(c);
}
