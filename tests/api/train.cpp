// Training: the course project's lenet5(x, y) (softmax, loss, accuracy, Adam step) and Keras' compile/fit/evaluate.
#include "lenet5.hpp"

#include <ctnn/io.hpp>
#include <ctnn/training.hpp>

#include <cstdio>
#include <memory>

int main(int argc, char** argv) {
    const char* folder = argc > 1 ? argv[1] : "/usr/share/datasets/fashion-mnist";
    // IDX files, plain or .gz; pixels scaled to [0, 1]. A wrong magic number, size or label is an exception that says which.
    // read_mnist finds the four files of MNIST's layout; read_idx<Input>(images, labels) takes any one pair.
    const auto [train, test] = ctnn::read_mnist<lenet5::input>(folder);   // ctnn::dataset<lenet5::input>, twice

    auto w = std::make_unique<lenet5::parameters>();
    ctnn::initialize(*w, ctnn::he_normal{.seed = 1});

    ctnn::adam<lenet5> optimizer{{.learning_rate = 1e-3f}};       // Keras defaults for the rest
    const ctnn::history history = ctnn::fit(*w, optimizer, train,
        {.epochs = 1, .batch_size = 32, .seed = 1, .validation = &test, .progress = true});

    const ctnn::evaluation e = ctnn::evaluate(*w, test);
    std::printf("loss %.4f  accuracy %.4f\n", e.loss, e.accuracy);

    ctnn::save(*w, "lenet5.safetensors");                         // opens in Python: safetensors.numpy.load_file
    auto again = std::make_unique<lenet5::parameters>();
    ctnn::load(*again, "lenet5.safetensors");                     // another network's file is refused, by name and shape
    return ctnn::evaluate(*again, test).accuracy == e.accuracy && e.accuracy > 0.8 && history.epochs.size() == 1 ? 0 : 1;
}
