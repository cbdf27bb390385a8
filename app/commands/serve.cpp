#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "app/commands/command.h"
#include "app/commands/confidence_flags.h"
#include "app/commands/config_flags.h"
#include "app/commands/flag_checks.h"
#include "app/commands/test_time_flag.h"
#include "app/compute/arithmetic.h"
#include "app/compute/device.h"
#include "app/preparation/model_trust.h"
#include "app/serving/http_server.h"
#include "app/serving/service.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/json_text.h"
#include "core/messages.h"
#include "models/model_path.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

struct ServeOptions {
  /// FILE or NAME=FILE.
  std::vector<std::string> models;
  ServerAddress address;
  ServingLimits limits;
  BatchingOptions batching;
  ModelSettings settings;
  std::string device = Config{}.device;
  std::int64_t threads = 0;
  std::int64_t seconds_to_answer = 30;
  std::int64_t seconds_to_stop = 30;
  std::int64_t wait_ms = 1;
  std::string token_file;
  std::string trust = Config{}.trust;
  std::string trust_file;
  bool explains_nothing = false;
  bool json = false;
};

/// A name by which requests can choose a model without quoting it.
bool is_model_name(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
  });
}

/// What a file is called that was given without a name: as its run, or as itself.
std::string name_of_file(const fs::path& file) {
  const fs::path folder = fs::absolute(file).parent_path().filename();
  return file.filename() == "model.pt" && !folder.empty() ? folder.string() : file.stem().string();
}

ModelSource source_of(const std::string& given) {
  const std::size_t equals = given.find('=');
  const bool is_named =
      equals != std::string::npos && is_model_name(given.substr(0, equals)) && !fs::exists(given);
  const fs::path file = model_path(is_named ? given.substr(equals + 1) : given);
  return {is_named ? given.substr(0, equals) : name_of_file(file), file};
}

std::vector<ModelSource> sources_of(const std::vector<std::string>& given) {
  std::vector<ModelSource> sources;
  std::set<std::string> names;
  for (const std::string& text : given) {
    sources.push_back(source_of(text));
    const std::string& name = sources.back().name;
    if (names.insert(name).second) continue;
    throw ConfigError(fmt::format(
        "--model {}: another model is called {} too. Name them: --model first=FILE --model "
        "second=FILE",
        text, name));
  }
  return sources;
}

void print_ready(const ServeOptions& options, const HttpServer& server,
                 const ServedModels& models) {
  if (options.json) {
    fmt::print("{}\n", json_line({{"address", server.address()}, {"models", models.names()}}));
  } else {
    fmt::print("{}\n", server.address());
  }
  std::fflush(stdout);
  note("serving {} at {}; Ctrl-C or SIGTERM stops, SIGHUP loads changed models",
       count_text(models.names().size(), "model"), server.address());
}

void warn_of_open_door(const ServeOptions& options) {
  const bool is_local = options.address.host == "127.0.0.1" ||
                        options.address.host == "localhost" || options.address.host == "::1";
  if (is_local || !options.token_file.empty()) return;
  warn(
      "--host {}: everyone who reaches this machine may use the model. --token-file FILE asks "
      "for a token.",
      options.address.host);
}

int run_serve(ServeOptions options) {
  const auto sources = sources_of(options.models);
  AccessToken token;
  if (!options.token_file.empty()) token = AccessToken(options.token_file);
  options.settings.trust = model_trust(options.trust, options.trust_file);
  const auto device = choose_device(options.device);
  set_arithmetic(device, {});
  options.settings.device = device.str();
  options.settings.explains = !options.explains_nothing;
  options.batching.workers = use_threads(options.threads);
  options.batching.wait_ms = static_cast<double>(options.wait_ms);
  options.limits.seconds_to_answer = static_cast<double>(options.seconds_to_answer);
  options.limits.seconds_to_stop = static_cast<double>(options.seconds_to_stop);
  warn_of_open_door(options);
  use_threads(1);  // as the workers do, one beside the other
  ServedModels models(sources, options.settings);
  ServingMetrics metrics;
  Service service(models, options.batching, options.limits, std::move(token), metrics);
  HttpServer server(options.address, options.limits, service, metrics);
  print_ready(options, server, models);
  server.run();
  note("stopped");
  return 0;
}

void add_limit(CLI::App& parser, const std::string& name, std::int64_t& value,
               const std::string& help, std::int64_t smallest, std::int64_t largest) {
  parser.add_option(name, value, help)
      ->type_name("N")
      ->capture_default_str()
      ->transform(whole_number(smallest, largest));
}

void add_address_flags(CLI::App& parser, ServeOptions& options) {
  parser
      .add_option("--host", options.address.host,
                  "Address to listen at; 0.0.0.0 takes all of this machine's")
      ->type_name("ADDRESS")
      ->capture_default_str();
  add_limit(parser, "--port", options.address.port, "Port to listen at; 0 takes any that is free",
            0, 65535);
  parser
      .add_option("--token-file", options.token_file,
                  "Answer only requests with the token in the first line of this file, as "
                  "Authorization: Bearer TOKEN")
      ->type_name("FILE");
}

void add_limit_flags(CLI::App& parser, ServeOptions& options) {
  constexpr std::int64_t kMany = 1'000'000;
  ServingLimits& limits = options.limits;
  add_limit(parser, "--max-connections", limits.connections,
            "Connections that are open at the same time", 1, kMany);
  add_limit(parser, "--max-body-bytes", limits.body_bytes, "Most bytes of a request's body", 1024,
            std::int64_t{1} << 40);
  add_limit(parser, "--max-images", limits.images_per_request, "Most images in a request", 1,
            kMany);
  add_limit(parser, "--queue", limits.waiting_images,
            "Most images that wait; further ones are refused with status 429", 1, kMany);
  add_limit(parser, "--timeout", options.seconds_to_answer,
            "Seconds after which a request is given up with status 504", 1, 86400);
  add_limit(parser, "--stop-timeout", options.seconds_to_stop,
            "Seconds that requests have to end in when the server is stopped", 0, 86400);
  add_image_limit(parser, options.settings.max_image_bytes);
}

void add_batching_flags(CLI::App& parser, ServeOptions& options) {
  add_limit(parser, "--batch", options.batching.largest_batch,
            "Most images that go through the network together; 0 takes what gains by it: one of "
            "224x224 pixels on a CPU, more of smaller ones, 32 on a GPU",
            0, 1024);
  add_limit(parser, "--batch-wait", options.wait_ms,
            "Milliseconds that an image waits at most for others to join it", 0, 10'000);
  add_choice(parser, "--fusion", options.settings.fusion,
             "auto: fuse the network's operators on a CPU, which is faster and changes the last "
             "digits, as predict does for 64 images and more")
      ->default_str(std::string(name_of(options.settings.fusion)));
}

CommandRun add_serve_flags(CLI::App& parser) {
  auto options = std::make_shared<ServeOptions>();
  parser
      .add_option("--model", options->models,
                  "A run directory, or its model.pt; given several times, NAME=FILE names each")
      ->type_name("FOLDER|FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->required();
  add_address_flags(parser, *options);
  add_limit_flags(parser, *options);
  add_batching_flags(parser, *options);
  parser.add_flag("--no-explain", options->explains_nothing,
                  "Leave out POST /explain, for which each model is loaded a second time");
  add_confidence_flags(parser, options->settings.confidence);
  parser.get_option("--reject")
      ->description("Give images that are unlike all training images the class `unknown`");
  add_test_time_flag(parser, options->settings.views);
  add_machine_flags(parser, options->device, options->threads);
  add_trust_flags(parser, options->trust, options->trust_file);
  parser.add_flag("--json", options->json, "Tell address and models as JSON on stdout");
  return [options](const auto&) { return run_serve(*options); };
}

}  // namespace

Command serve_command() {
  return {"serve", "Answer requests for predictions over HTTP, with a page to drop images on",
          add_serve_flags};
}

}  // namespace transfer
