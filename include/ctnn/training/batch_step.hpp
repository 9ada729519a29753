// A step over one batch, cut into pieces that several threads may run: gradients are added in an
// order that does not depend on them; layers that look at the whole batch run segment by segment.
#pragma once

#include <ctnn/training/lane_workspace.hpp>
#include <ctnn/training/optimizers.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace ctnn::detail {

/// How many parts of `size` there are in `count`, the last one perhaps smaller.
constexpr std::size_t parts_of(std::size_t count, std::size_t size) noexcept {
    return count / size + (count % size != 0 ? 1 : 0);
}
/// A batch is cut into pieces: packs of images that go through the lanes together, spread over at
/// most this many. More would cost steps on one thread more time.
inline constexpr std::size_t most_pieces = 8;
constexpr std::size_t pieces_of_batch(std::size_t count, std::size_t lanes) noexcept {
    return std::min(most_pieces, parts_of(count, lanes));
}

/// Adds up the gradients of a batch's pieces, of the parameters from `from` to `to`, in
/// space.gradients[0]: f(worker, piece, d_w) adds a piece's to d_w. Every piece has a gradient of
/// its own, and they are added in order: the bits depend neither on how many workers `space` has
/// nor on for how many gradients, 2 or one for each piece.
template <class Space, class F>
void add_gradients(std::size_t pieces, std::size_t from, std::size_t to, Space& space, const F& f,
                   bool downwards = false) {
    // The first piece goes to gradients[0], where all are added; the others to the rest in turn, as
    // many at a time as there are.
    const std::size_t rest = space.gradients.size() - 1;
    const auto gradient_of = [&](std::size_t piece) {
        return space.gradients[piece == 0 ? 0 : 1 + (piece - 1) % rest].elements;
    };
    for (std::size_t begin = 0; begin < pieces;) {
        const std::size_t end = std::min(pieces, std::max<std::size_t>(begin, 1) + rest);
        space.run(end - begin, [&](std::size_t worker, std::size_t i) {
            const std::size_t piece = downwards ? end - 1 - i : begin + i;
            float* const d_w = gradient_of(piece);
            std::fill(d_w + from, d_w + to, 0.0f);
            f(worker, piece, d_w);
        });
        constexpr std::size_t slice = 16384;  // floats; fewer are not worth waking a thread
        space.run(parts_of(to - from, slice), [&](std::size_t, std::size_t n) {
            const std::size_t first = from + n * slice, last = std::min(to, first + slice);
            float* const sum = gradient_of(0);
            for (std::size_t piece = std::max<std::size_t>(begin, 1); piece < end; ++piece) {
                const float* const d_w = gradient_of(piece);
                for (std::size_t i = first; i < last; ++i) sum[i] += d_w[i];
            }
        });
        begin = end;
    }
}

/// One step over the images at positions `first` ... `first + count` of the runner's list. A loss
/// that is not finite leaves the parameters and the optimizer as they are.
template <class Network, class Optimizer, class Runner, class Space>
sums step(parameters<Network>& w, Optimizer& optimizer, const Runner& runner, std::size_t first,
          std::size_t count, Space& space, step_seed random) {
    const std::size_t packs = parts_of(count, Runner::lanes);
    const std::size_t pieces = pieces_of_batch(count, Runner::lanes);
    std::array<sums, most_pieces> results;
    /// The packs of a piece are [first_pack(piece), first_pack(piece + 1)).
    const auto first_pack = [&](std::size_t piece) { return piece * packs / pieces; };
    const auto start_of = [&](std::size_t pack) { return std::min(count, pack * Runner::lanes); };
    using pass = typename Runner::workspace::backward_pass;

    if constexpr (pass::segments == 1) {
        const float weight = 1.0f / static_cast<float>(count);
        add_gradients(pieces, 0, Network::parameter_count, space,
                      [&](std::size_t worker, std::size_t piece, float* d_w) {
                          const std::size_t start = start_of(first_pack(piece));
                          results[piece] =
                              runner.run(first + start, start_of(first_pack(piece + 1)) - start,
                                         space.lanes[worker], d_w, weight, random);
                      });
    } else {
        // All packs go through a segment before any goes through the next, there and back in turn:
        // the last one, which the caches still hold, is the first of the next segment. What was
        // found out of them is merged in order.
        const auto size_of = [&](std::size_t pack) { return start_of(pack + 1) - start_of(pack); };
        const auto share = [&] {
            for (std::size_t pack = 1; pack < packs; ++pack)
                space.lanes[pack].pass.take_statistics(space.lanes[0].pass);
        };
        const auto for_packs = [&](std::size_t piece, bool downwards, auto&& f) {
            const std::size_t begin = first_pack(piece), end = first_pack(piece + 1);
            for (std::size_t i = begin; i < end; ++i) f(downwards ? begin + end - 1 - i : i);
        };
        const auto forward = [&]<std::size_t S>(std::integral_constant<std::size_t, S>) {
            constexpr bool downwards = S % 2 != 0;
            space.run(pieces, [&](std::size_t, std::size_t i) {
                const std::size_t piece = downwards ? pieces - 1 - i : i;
                for_packs(piece, downwards, [&](std::size_t pack) {
                    if (S == 0)
                        runner.load(first + start_of(pack), size_of(pack), space.lanes[pack],
                                    random);
                    space.lanes[pack].template run_forward<S>(w, size_of(pack), count,
                                                              results[piece]);
                });
            });
            if constexpr (S + 1 < pass::segments) {
                for (std::size_t pack = 1; pack < packs; ++pack)
                    space.lanes[0].pass.template merge_forward<S + 1>(
                        start_of(pack), space.lanes[pack].pass, size_of(pack));
                share();
            }
        };
        const auto backward = [&]<std::size_t S>(std::integral_constant<std::size_t, S>) {
            constexpr bool downwards = S % 2 == 0;
            add_gradients(
                pieces, pass::template first_parameter<S>, pass::template first_parameter<S + 1>,
                space,
                [&](std::size_t, std::size_t piece, float* d_w) {
                    for_packs(piece, downwards, [&](std::size_t pack) {
                        space.lanes[pack].template run_backward<S>(w, size_of(pack), count, d_w);
                    });
                },
                downwards);
            if constexpr (S > 0) {
                for (std::size_t pack = 1; pack < packs; ++pack)
                    space.lanes[0].pass.template merge_backward<S>(space.lanes[pack].pass);
                share();
            }
        };
        [&]<std::size_t... S>(std::index_sequence<S...>) {
            (forward(std::integral_constant<std::size_t, S>{}), ...);
            (backward(std::integral_constant<std::size_t, pass::segments - 1 - S>{}), ...);
        }
        (std::make_index_sequence<pass::segments>{});
    }
    sums total;
    for (std::size_t piece = 0; piece < pieces; ++piece) total += results[piece];
    if constexpr (optimizer_of<Optimizer, Network>)
        if (std::isfinite(total.loss)) {
            if constexpr (pass::segments > 1) space.lanes[0].pass.keep_statistics(w, count);
            optimizer.update(w, space.gradients[0]);
            derive_parameters(w);
        }
    return total;
}

}  // namespace ctnn::detail
