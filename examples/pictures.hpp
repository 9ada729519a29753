// What the programs about pictures share: where the data lies, and what its classes are called.
#pragma once

#include "lenet5.hpp"

#include <ctnn/io.hpp>

#include <array>
#include <filesystem>
#include <stdexcept>
#include <string>

inline constexpr const char* fashion_mnist = "/usr/share/datasets/fashion-mnist";

inline auto read_pictures(const std::string& folder) {
    if (!std::filesystem::is_directory(folder))
        throw std::runtime_error(
            folder + ": no such folder; for Fashion-MNIST: apt-get install dataset-fashion-mnist, "
                     "for other data: --data FOLDER");
    return ctnn::read_mnist<lenet5::input>(folder);
}

/// Fashion-MNIST's classes, or the ten digits for a folder that does not sound like it.
inline std::array<const char*, 10> class_names(const std::string& folder) {
    if (folder.find("fashion") == std::string::npos)
        return {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    return {"T-shirt", "trouser", "pullover", "dress", "coat",
            "sandal",  "shirt",   "sneaker",  "bag",   "ankle boot"};
}
