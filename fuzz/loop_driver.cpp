// Runs a target where the compiler has no libFuzzer (g++): changes seeds at random, without looking
// at what that reaches. Takes libFuzzer's options of the same name, folders of seeds, and single
// files to run once.

#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <vector>

#include "core/random.h"
#include "fuzz/target.h"

extern "C" {
[[gnu::weak]] int LLVMFuzzerInitialize(int* count, char*** arguments);
[[gnu::weak]] std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                                  std::size_t capacity, unsigned seed);
/// Of the sanitizers' runtime.
[[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());
}

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;
using transfer::Random;

struct Options {
  std::map<std::string, std::int64_t> numbers = {{"max_total_time", 60}, {"runs", -1},
                                                 {"timeout", 20},        {"rss_limit_mb", 2560},
                                                 {"max_len", 4096},      {"seed", 1}};
  std::string artifact_prefix;
  std::vector<fs::path> places;
};

Random generator{1};
/// What the target has now, and where it is written if it is a finding.
Bytes current;
std::string finding_prefix;

/// Called from signal handlers: system calls only.
void write_finding(const char* kind) {
  char path[4096];
  const int length = std::snprintf(path, sizeof path, "%s%s-%d", finding_prefix.c_str(), kind,
                                   static_cast<int>(::getpid()));
  if (length <= 0 || length >= static_cast<int>(sizeof path)) return;
  std::FILE* file = std::fopen(path, "wb");
  if (file == nullptr) return;
  std::fwrite(current.data(), 1, current.size(), file);
  std::fclose(file);
  std::fprintf(stderr, "Test unit written to %s\n", path);
}

void on_death() { write_finding("crash"); }

void on_abort(int number) {
  write_finding("crash");
  ::signal(number, SIG_DFL);
  ::raise(number);
}

void on_alarm(int) {
  std::fprintf(stderr, "FINDING: an input took too long\n");
  write_finding("timeout");
  ::_exit(70);
}

Options parsed(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string_view text = arguments[i];
    if (!text.starts_with('-')) {
      options.places.emplace_back(text);
      continue;
    }
    const auto equals = text.find('=');
    if (equals == text.npos) continue;
    const std::string name(text.substr(1, equals - 1));
    const std::string_view value = text.substr(equals + 1);
    if (name == "artifact_prefix") options.artifact_prefix = value;
    const auto number = options.numbers.find(name);  // others are libFuzzer's alone
    if (number == options.numbers.end()) continue;
    std::from_chars(value.data(), value.data() + value.size(), number->second);
  }
  return options;
}

Bytes bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::vector<Bytes> seeds_of(const Options& options, bool& are_files) {
  std::vector<Bytes> seeds;
  are_files = !options.places.empty();
  for (const fs::path& place : options.places) {
    if (!fs::is_directory(place)) {
      seeds.push_back(bytes_of(place));
      continue;
    }
    are_files = false;
    for (const auto& entry : fs::directory_iterator(place)) {
      if (entry.is_regular_file()) seeds.push_back(bytes_of(entry.path()));
    }
  }
  if (seeds.empty()) seeds.emplace_back();
  return seeds;
}

void run_once(const Options& options) {
  const ::itimerval limit{{0, 0}, {options.numbers.at("timeout"), 0}};
  ::setitimer(ITIMER_REAL, &limit, nullptr);
  // A copy of the exact size, so that reading past its end is seen.
  const Bytes input = current;
  LLVMFuzzerTestOneInput(input.data(), input.size());
  ::setitimer(ITIMER_REAL, nullptr, nullptr);
  ::rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  if (usage.ru_maxrss / 1024 <= options.numbers.at("rss_limit_mb")) return;
  std::fprintf(stderr, "FINDING: out of memory: %ld MB are more than rss_limit_mb\n",
               usage.ru_maxrss / 1024);
  write_finding("oom");
  ::_exit(71);
}

/// One input after the other: the seeds, then changed ones.
std::int64_t run_all(const Options& options, const std::vector<Bytes>& seeds) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::seconds(options.numbers.at("max_total_time"));
  const auto limit = options.numbers.at("runs");
  const auto capacity = static_cast<std::size_t>(options.numbers.at("max_len"));
  std::int64_t runs = 0;
  for (; (limit < 0 || runs < limit) && Clock::now() < end; ++runs) {
    const auto number = static_cast<std::size_t>(runs);
    current = number < seeds.size() ? seeds[number] : seeds[generator.below(seeds.size())];
    if (number >= seeds.size()) {
      const std::size_t size = std::min(current.size(), capacity);
      current.resize(capacity);
      const auto mutate = LLVMFuzzerCustomMutator;
      const auto seed = static_cast<unsigned>(generator.next());
      current.resize(mutate != nullptr ? mutate(current.data(), size, capacity, seed)
                                       : LLVMFuzzerMutate(current.data(), size, capacity));
    }
    run_once(options);
  }
  return runs;
}

}  // namespace

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                                        std::size_t capacity) {
  constexpr std::uint8_t kTelling[] = {0, 1, 0x7F, 0x80, 0xFF};
  for (std::uint64_t changes = 1 + generator.below(4); changes > 0; --changes) {
    const std::size_t place = size > 0 ? generator.below(size) : 0;
    switch (size > 0 ? generator.below(6) : 5) {
      case 0: data[place] ^= static_cast<std::uint8_t>(1U << generator.below(8)); break;
      case 1: data[place] = static_cast<std::uint8_t>(generator.below(256)); break;
      case 2: data[place] = kTelling[generator.below(std::size(kTelling))]; break;
      case 3: {  // a piece goes away
        const std::size_t count = 1 + generator.below(std::min<std::size_t>(size - place, 16));
        std::memmove(data + place, data + place + count, size - place - count);
        size -= count;
        break;
      }
      case 4: {  // a piece comes elsewhere, over what was there
        const std::size_t from = generator.below(size);
        const std::size_t most = std::min(size - place, size - from);
        std::memmove(data + place, data + from, 1 + generator.below(most));
        break;
      }
      default: {  // a piece comes twice, or a new one
        const std::size_t count = std::min<std::size_t>(1 + generator.below(16), capacity - size);
        std::memmove(data + place + count, data + place, size - place);
        if (size < place + 2 * count) std::memset(data + place, static_cast<int>(count), count);
        size += count;
      }
    }
  }
  return size;
}

int main(int count, char** arguments) {
  const Options options = parsed(count, arguments);
  if (LLVMFuzzerInitialize != nullptr) LLVMFuzzerInitialize(&count, &arguments);
  generator = Random(static_cast<std::uint64_t>(options.numbers.at("seed")));
  finding_prefix = options.artifact_prefix;
  ::signal(SIGABRT, on_abort);
  ::signal(SIGALRM, on_alarm);
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(on_death);
  } else {
    for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) ::signal(number, on_abort);
  }
  bool are_files = false;
  const auto seeds = seeds_of(options, are_files);
  std::int64_t runs = 0;
  if (are_files) {
    for (const Bytes& seed : seeds) {
      current = seed;
      run_once(options);
      ++runs;
    }
  } else {
    runs = run_all(options, seeds);
  }
  ::rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  std::fprintf(stderr, "stat::number_of_executed_units: %lld\nstat::peak_rss_mb: %ld\n",
               static_cast<long long>(runs), usage.ru_maxrss / 1024);
  return 0;
}
