// Optimizers of as many parameters as whole vectors hold, and of some more: headers.py compiles
// this with optimization and warnings as errors. g++ 12 finds fault with loops that only then are
// empty.
#include <ctnn/ctnn.hpp>
#include <ctnn/training/optimizers.hpp>

#include <cstddef>

template <template <class> class Optimizer, std::size_t... Counts>
void update(float g) {
    const auto one = [&]<class Owner>(Owner) {
        static ctnn::parameters<Owner> w, d_w;
        static Optimizer<Owner> optimizer;
        d_w.elements[0] = g;
        optimizer.update(w, d_w);
    };
    (one(typename ctnn::dense<1>::on<ctnn::features<Counts - 1>>{}), ...);
}

int main(int count, char**) {
    const float g = static_cast<float>(count);
    update<ctnn::sgd, 3, 4, 8, 16, 32, 64, 65>(g);
    update<ctnn::rmsprop, 3, 4, 8, 16, 32, 64, 65>(g);
    update<ctnn::adam, 3, 4, 8, 16, 32, 64, 65>(g);
}
