#include "app/training/data_parallel.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <torch/cuda.h>

#include <csignal>

#include "app/training/gradient_buckets.h"
#include "app/training/shard_sampler.h"
#include "app/training/training_step.h"
#include "core/errors.h"
#include "tests/app/thread_group.h"
#include "tests/app/tiny_network.h"

namespace transfer {
namespace {

/// Rows [first, first + count) of the batch that `step` names.
Batch rows_of_batch(std::int64_t step, std::int64_t first, std::int64_t count) {
  if (count == 0) return {};
  auto generator = at::detail::createCPUGenerator(static_cast<std::uint64_t>(step));
  Batch batch;
  batch.images = at::randn({9, 3, 32, 32}, generator)
                     .narrow(0, first, count)
                     .contiguous(torch::MemoryFormat::ChannelsLast);
  batch.labels = at::randint(5, {9}, generator, torch::kInt64).narrow(0, first, count);
  batch.count = count;
  return batch;
}

constexpr double kRate = 0.002;

struct AfterSteps {
  std::vector<double> losses;
  NamedTensors state;
};

/// Three steps, of which the second adds two batches, the last one of two rows.
AfterSteps take_steps(ProcessGroup& group, Optimizer optimizer, std::int64_t bucket_bytes) {
  TrainableNetwork network(fixture_backbone("steady.pt"), five_classes(BatchNorm::kFrozen),
                           torch::kCPU);
  Config config;
  config.train.optimizer = optimizer;
  config.train.clip_norm = 1;
  Loss loss;
  loss.class_weights = torch::tensor({0.5F, 1.0F, 2.0F, 1.0F, 0.7F});
  TrainingStep step(network, config, 5, loss, torch::kCPU);
  step.use_group(group, bucket_bytes);
  step.train_from(0);
  AfterSteps trained;
  const std::vector<std::vector<std::int64_t>> steps = {{9}, {8, 2}, {7}};
  for (const auto& batches : steps) {
    for (std::size_t i = 0; i < batches.size(); ++i) {
      const auto rows = rows_of_shard({0, batches[i]}, {group.rank(), group.size(), 1});
      const auto result =
          step.add(rows_of_batch(batches[i], rows.first, rows.count), 0, i + 1 == batches.size());
      trained.losses.push_back(result.sum / result.weight);
    }
    step.finish(kRate);
  }
  for (const auto& [key, tensor] : network.state()) {
    trained.state.emplace_back(key, tensor.detach().clone());
  }
  return trained;
}

TEST(DataParallel, StepsOfAGroupAreThoseOfOneProcess) {
  for (const Optimizer optimizer : {Optimizer::kSgd, Optimizer::kAdamW}) {
    const auto alone = take_steps(*single_process(), optimizer, 1);
    for (const std::int64_t processes : {2, 3, 4}) {
      for (const std::int64_t bytes : {1, 4096, 1 << 25}) {
        std::vector<AfterSteps> all(static_cast<std::size_t>(processes));
        ThreadGroup::run(processes, [&](ProcessGroup& group) {
          all[static_cast<std::size_t>(group.rank())] = take_steps(group, optimizer, bytes);
        });
        for (std::size_t i = 0; i < alone.losses.size(); ++i) {
          EXPECT_NEAR(all[0].losses[i], alone.losses[i], 1e-5) << name_of(optimizer) << i;
        }
        for (std::size_t i = 0; i < alone.state.size(); ++i) {
          const auto& [name, tensor] = alone.state[i];
          // AdamW makes whole steps of gradients that are rounding errors, of single numbers.
          const auto difference = (all[0].state[i].second - tensor).to(torch::kFloat32).abs();
          EXPECT_LE(difference.mean().item<double>(), 1e-2 * kRate)
              << name_of(optimizer) << ' ' << name;
          EXPECT_TRUE(torch::equal(all[0].state[i].second, all.back().state[i].second)) << name;
        }
      }
    }
  }
}

TEST(GradientBuckets, SumsBeginWhileBackwardRuns) {
  ThreadGroup::run(2, [](ProcessGroup& group) {
    TrainableNetwork network(fixture_backbone("steady.pt"), five_classes(BatchNorm::kFrozen),
                             torch::kCPU);
    std::vector<std::string> names;
    std::vector<torch::Tensor> parameters;
    for (const auto& [name, tensor] : network.parameters()) {
      names.push_back(name);
      parameters.push_back(tensor);
    }
    network.train(names);
    GradientBuckets buckets(group, parameters, /*bytes=*/1);
    EXPECT_EQ(buckets.count(), parameters.size());
    buckets.begin();
    network.logits(rows_of_batch(9, group.rank() * 4, 4).images).sum().backward();
    const auto own = parameters.front().grad().clone();
    buckets.finish();
    EXPECT_EQ(buckets.sent_early(), buckets.count()) << "every gradient is told of when complete";
    EXPECT_FALSE(torch::equal(own, parameters.front().grad()));
  });
}

/// Where the gradients lie: on the CPU, and on a GPU where there is one.
std::vector<torch::Device> devices() {
  std::vector<torch::Device> found = {torch::kCPU};
  if (torch::cuda::is_available()) found.emplace_back(torch::kCUDA, 0);
  return found;
}

TEST(GradientBuckets, WhoHasNoRowsGetsTheSumsToo) {
  for (const torch::Device device : devices()) {
    ThreadGroup::run(3, [device](ProcessGroup& group) {
      const auto trained = torch::requires_grad().device(device);
      auto weight = torch::ones({2, 3}, trained);
      auto bias = torch::zeros({2}, trained);
      auto unused = torch::ones({4}, trained);
      GradientBuckets buckets(group, {weight, bias, unused}, 1 << 20);
      EXPECT_EQ(buckets.count(), 1);
      for (int step = 1; step <= 2; ++step) {
        for (auto parameter : {weight, bias}) parameter.mutable_grad().reset();
        buckets.begin();
        if (group.rank() != 1) {
          const auto input =
              torch::full({3}, static_cast<float>((group.rank() + 1) * step), device);
          (torch::matmul(weight, input) + bias).sum().backward();
        }
        buckets.finish();
        EXPECT_TRUE(torch::equal(weight.grad().cpu(), torch::full({2, 3}, 4.0F * step)));
        EXPECT_TRUE(torch::equal(bias.grad().cpu(), torch::full({2}, 2.0F)));
        EXPECT_FALSE(unused.grad().defined()) << "no optimizer may move it";
        EXPECT_EQ(buckets.cost().steps, step);
        EXPECT_EQ(buckets.cost().bytes, (6 + 2 + 4 + 3) * 4 * step);
      }
    });
  }
}

TEST(GradientBuckets, AreFilledFromTheLastParameter) {
  std::vector<torch::Tensor> parameters;
  for (const std::int64_t size : {10, 20, 5, 6}) {
    parameters.push_back(torch::zeros({size}, torch::requires_grad()));
  }
  const auto group = single_process();
  // 6 + 5 reach the 10 numbers, so do 20; 10 are left.
  EXPECT_EQ(GradientBuckets(*group, parameters, 40).count(), 3);
  EXPECT_EQ(GradientBuckets(*group, parameters, 1000).count(), 1);
  // Their hooks are gone with them.
  parameters[0].sum().backward();
  EXPECT_TRUE(parameters[0].grad().defined());
}

TEST(DataParallel, StateIsOfTheFirstProcessOrTheMean) {
  for (const auto buffers : {BatchNormBuffers::kRank0, BatchNormBuffers::kSynchronised}) {
    ThreadGroup::run(2, [&](ProcessGroup& group) {
      TrainableNetwork network(fixture_backbone("steady.pt"), five_classes(BatchNorm::kFrozen),
                               torch::kCPU);
      const torch::NoGradGuard no_gradients;
      for (auto& [name, tensor] : network.state()) tensor.fill_(group.rank() == 0 ? 2 : 6);
      // The second has seen three times as many images.
      share_state(group, network, buffers, group.rank() == 0 ? 5 : 15);
      for (const auto& [name, tensor] : network.state()) {
        const bool is_mean = buffers == BatchNormBuffers::kSynchronised &&
                             name.find("running_") != std::string::npos;
        EXPECT_TRUE(tensor.eq(is_mean ? 5 : 2).all().item<bool>())
            << name_of(buffers) << ' ' << name;
      }
    });
  }
}

TEST(DataParallel, BrokenImagesAndLogitsArePutTogether) {
  ThreadGroup::run(2, [](ProcessGroup& group) {
    ImageLogits part{torch::zeros({4, 2}), {}};
    part.logits.narrow(0, group.rank() * 2, 2).fill_(static_cast<double>(group.rank() + 1));
    if (group.rank() == 0) part.broken = {{1, "b: \"no\nimage\""}};
    if (group.rank() == 1) part.broken = {{3, ""}, {1, "b: \"no\nimage\""}};
    const auto whole = put_together(group, part);
    EXPECT_TRUE(torch::equal(whole.logits.select(1, 0), torch::tensor({1.0F, 1.0F, 2.0F, 2.0F})));
    ASSERT_EQ(whole.broken.size(), 2);
    EXPECT_EQ(whole.broken[0].reason, "b: \"no\nimage\"");
    EXPECT_EQ(whole.broken[1].sample, 3);
  });
}

TEST(DataParallel, AllStopWhereOneIsTold) {
  ThreadGroup::run(3, [](ProcessGroup& group) {
    const auto nothing = agree(group, 0, group.rank() == 2);
    EXPECT_EQ(nothing.signal, 0);
    EXPECT_FALSE(nothing.saves) << "when to save is the first one's to say";
    EXPECT_TRUE(agree(group, 0, group.rank() == 0).saves);
    const auto stop = agree(group, group.rank() == 1 ? SIGTERM : 0, false);
    EXPECT_EQ(stop.signal, SIGTERM);
    EXPECT_TRUE(stop.saves);
    EXPECT_THROW(throw_if_any_stopped(group, group.rank() == 2 ? SIGINT : 0), Interrupted);
  });
}

}  // namespace
}  // namespace transfer
