// Sounds for DS-CNN to tell apart, made here: tones and chirps in noise, of twelve classes, each as
// 49 time slices of ten frequency bands, the way a keyword spotter sees a second of speech.
#pragma once

#include "networks.hpp"

#include <ctnn/dataset.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <random>

namespace mlperf_tiny {

/// The classes, in their order.
enum sound {
    noise,
    low,
    middle,
    high,
    rising,
    falling,
    hill,
    valley,
    chord,
    beeps,
    warble,
    clicks
};
inline constexpr std::array<const char*, 12> sound_names{
    "noise",  "low tone", "middle tone", "high tone", "rising", "falling",
    "a hill", "a valley", "two tones",   "beeps",     "warble", "clicks"};

/// The seed of what is not learnt from.
inline constexpr std::uint64_t sounds_to_test_with = 0x7E57;

/// Makes sounds: the same ones for the same seed.
class sound_maker {
public:
    explicit sound_maker(std::uint64_t seed) : random_(seed) {
        for (std::size_t i = 0; i < window; ++i)
            for (std::size_t f = 0; f < frequencies; ++f) {
                const float time = static_cast<float>(i) / rate;
                const float hann = 0.5f - 0.5f * std::cos(circle * static_cast<float>(i) / window);
                cosines_[i][f] = hann * std::cos(circle * hertz(f) * time);
                sines_[i][f] = hann * std::sin(circle * hertz(f) * time);
            }
    }

    /// One sound: loudness from 0 to 1 in steps of 1/255, so that a byte holds each.
    ds_cnn::input make(sound kind) {
        record(kind);
        ds_cnn::input x{};
        for (std::size_t slice = 0; slice < 49; ++slice) {
            const std::array<float, frequencies> powers = powers_from(slice * stride);
            for (std::size_t band = 0; band < 10; ++band) {
                float power = 1e-9f;
                for (std::size_t f = 0; f < finer; ++f) power += powers[band * finer + f];
                const float loudness = (std::log10(power) - 1.5f) / 4.0f;  // the noise: 0.26
                x(slice, band, 0) = std::round(255.0f * std::clamp(loudness, 0.0f, 1.0f)) / 255.0f;
            }
        }
        return x;
    }
    /// `count` sounds, of all classes in turn.
    ctnn::dataset<ds_cnn::input> make(std::size_t count) {
        ctnn::dataset<ds_cnn::input> data;
        for (std::size_t n = 0; n < count; ++n) {
            const std::size_t kind = n % sound_names.size();
            data.inputs.push_back(make(static_cast<sound>(kind)));
            data.targets.push_back(static_cast<ctnn::class_label>(kind));
        }
        return data;
    }

private:
    // 30 ms every 20 ms of a second at 8 kHz; ten bands of four frequencies each, 150 to 3,500 Hz.
    static constexpr float circle = 2.0f * std::numbers::pi_v<float>, rate = 8000.0f;
    static constexpr std::size_t window = 240, stride = 160, samples = 48 * stride + window;
    static constexpr std::size_t finer = 4, frequencies = 10 * finer;

    static float hertz(std::size_t f) {
        return 150.0f * std::pow(3500.0f / 150.0f, static_cast<float>(f) / (frequencies - 1));
    }
    /// Not std::uniform_real_distribution, which is another one in every standard library.
    float uniform(float least, float most) {
        return least + (most - least) * static_cast<float>(random_() >> 40U) * 0x1p-24f;
    }
    /// Nearly normal: the sum of four uniform numbers, with variance 1.
    float hiss() {
        float sum = -2.0f;
        for (std::uint64_t bits = random_(), n = 0; n < 4; ++n, bits >>= 16U)
            sum += static_cast<float>(bits & 0xFFFFU) * 0x1p-16f;
        return sum * std::numbers::sqrt3_v<float>;
    }
    /// How much higher than its middle a tone is, in octaves, at a time from 0 to 1.
    static float octaves(sound kind, float time, float span, float speed) {
        const float up = span * (time - 0.5f), bend = span * (0.5f - std::abs(2.0f * time - 1.0f));
        return kind == rising    ? up
               : kind == falling ? -up
               : kind == hill    ? bend
               : kind == valley  ? -bend
               : kind == warble  ? 0.3f * span * std::sin(circle * speed * time)
                                 : 0.0f;
    }
    /// A second of noise with the sound in it.
    void record(sound kind) {
        const float loudness = std::pow(10.0f, uniform(-0.4f, 0.6f));
        const float pitch = kind == low      ? uniform(180.0f, 330.0f)
                            : kind == middle ? uniform(550.0f, 1000.0f)
                            : kind == high   ? uniform(1700.0f, 3000.0f)
                                             : uniform(450.0f, 1100.0f);
        const float interval = uniform(2.2f, 3.2f), span = uniform(1.0f, 2.0f);
        const float speed = uniform(3.0f, 6.0f);
        const float begin = uniform(0.0f, 0.3f), end = uniform(0.7f, 1.0f);
        float first = 0.0f, second = 0.0f, click = 0.0f;  // phases, and how loud a click still is
        for (std::size_t i = 0; i < samples; ++i) {
            const float time = (static_cast<float>(i) / samples - begin) / (end - begin);
            sound_[i] = hiss();
            if (time < 0.0f || 1.0f <= time || kind == noise) continue;
            if (kind == clicks) {
                const bool starts = uniform(0.0f, 1.0f) < 2.0f * speed / rate;
                click = starts ? 12.0f * loudness : 0.97f * click;
                sound_[i] += click * hiss();
                continue;
            }
            first += pitch * std::exp2(octaves(kind, time, span, speed)) / rate;
            second += interval * pitch / rate;
            const bool pauses = kind == beeps && std::fmod(time * speed, 1.0f) >= 0.5f;
            if (!pauses) sound_[i] += loudness * std::sin(circle * first);
            if (kind == chord) sound_[i] += loudness * std::sin(circle * second);
        }
    }
    /// How much of each frequency there is in the window that begins with a sample.
    std::array<float, frequencies> powers_from(std::size_t sample) const {
        std::array<float, frequencies> cosine{}, sine{};
        for (std::size_t i = 0; i < window; ++i)
            for (std::size_t f = 0; f < frequencies; ++f) {
                cosine[f] += sound_[sample + i] * cosines_[i][f];
                sine[f] += sound_[sample + i] * sines_[i][f];
            }
        for (std::size_t f = 0; f < frequencies; ++f)
            cosine[f] = cosine[f] * cosine[f] + sine[f] * sine[f];
        return cosine;
    }

    std::mt19937_64 random_;
    std::array<std::array<float, frequencies>, window> cosines_, sines_;
    std::array<float, samples> sound_{};
};

}  // namespace mlperf_tiny
