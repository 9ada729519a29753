// DS-CNN on tones and chirps in noise.
#include "sounds.hpp"
#include "train.hpp"

int train_ds_cnn(const arguments& a) {
    const auto make = [&] {
        // Other sounds for another seed, but always the same to test with.
        mlperf_tiny::sound_maker learned(a.training.seed), tested(mlperf_tiny::sounds_to_test_with);
        return std::array{learned.make(a.sounds), tested.make(a.sounds / 5)};
    };
    return train<mlperf_tiny::ds_cnn>(a, make, mlperf_tiny::sound_names);
}
