// Training: losses, first values, optimizers, one step, and fit, evaluate and predict on threads.
// For hosts: they allocate, throw on bad input, and fit prints.
#pragma once

#include <ctnn/language.hpp>

#include <ctnn/ctnn.hpp>
#include <ctnn/dataset.hpp>
#include <ctnn/training/backpropagation.hpp>
#include <ctnn/training/checks.hpp>
#include <ctnn/training/fit.hpp>
#include <ctnn/training/fit_options.hpp>
#include <ctnn/training/initializers.hpp>
#include <ctnn/training/losses.hpp>
#include <ctnn/training/optimizers.hpp>
#include <ctnn/training/predict.hpp>
#include <ctnn/training/train_step.hpp>
#include <ctnn/training/trainer_bytes.hpp>
