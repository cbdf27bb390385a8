#include "models/program_check.h"

#include <fmt/format.h>
#include <torch/csrc/jit/frontend/lexer.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "core/lower_case.h"
#include "models/tensor_operators.h"

namespace transfer {
namespace {

namespace jit = torch::jit;

constexpr std::string_view kClasses = "__torch__.torch.classes.";

struct ProgramToken {
  int kind = 0;
  std::string_view text;
  std::size_t position = 0;
};

/// The tokens of a program as LibTorch's own lexer sees them. `source` owns their texts.
std::vector<ProgramToken> tokens_of(const std::shared_ptr<jit::Source>& source) {
  std::vector<ProgramToken> tokens;
  jit::Lexer lexer(source);
  for (;;) {
    const jit::Token token = lexer.next();
    const jit::SourceRange& range = token.range;
    const bool has_text = token.kind == jit::TK_IDENT || token.kind == jit::TK_STRINGLITERAL;
    tokens.push_back({token.kind, has_text ? range.token_text() : "", range.start()});
    if (token.kind == jit::TK_EOF) return tokens;
  }
}

/// What is forbidden about the C++ class of a path that begins with kClasses and ends with a dot.
std::optional<std::string> forbidden_class_of(std::string_view path) {
  const std::string_view rest = path.substr(kClasses.size());
  const auto dot = rest.find('.');
  const auto end = dot == std::string_view::npos ? dot : rest.find('.', dot + 1);
  if (end != std::string_view::npos &&
      is_tensor_class(rest.substr(0, dot), rest.substr(dot + 1, end - dot - 1))) {
    return {};
  }
  return fmt::format("the C++ class torch.classes.{}, which holds no weights",
                     rest.substr(0, rest.size() - 1));
}

/// Looks through the tokens of one program.
class ProgramReader {
 public:
  ProgramReader(const std::string& record, std::shared_ptr<jit::Source> source)
      : record_(record), source_(std::move(source)), tokens_(tokens_of(source_)) {}

  std::optional<ForbiddenUse> forbidden_use() {
    for (at_ = 0; at_ < tokens_.size(); ++at_) {
      follow_definitions();
      if (kind(0) != jit::TK_IDENT) continue;
      auto what = forbidden_here();
      if (what) return ForbiddenUse{std::move(*what), place()};
    }
    return {};
  }

  std::optional<ForbiddenUse> function() {
    for (at_ = 0; at_ < tokens_.size(); ++at_) {
      follow_definitions();
      if (kind(0) == jit::TK_DEF) {
        return ForbiddenUse{fmt::format("a function, {}", text(1)), place()};
      }
    }
    return {};
  }

 private:
  /// Kind and text of the token `ahead` of the current one; of the end behind it.
  int kind(std::ptrdiff_t ahead) const { return token(ahead).kind; }
  std::string_view text(std::ptrdiff_t ahead) const { return token(ahead).text; }
  const ProgramToken& token(std::ptrdiff_t ahead) const {
    static const ProgramToken kNone;
    const auto index = static_cast<std::ptrdiff_t>(at_) + ahead;
    if (index < 0) return kNone;
    return tokens_[std::min(static_cast<std::size_t>(index), tokens_.size() - 1)];
  }
  bool is_name(std::ptrdiff_t ahead) const {
    return kind(ahead) == '.' && kind(ahead + 1) == jit::TK_IDENT;
  }

  void follow_definitions() {
    if (kind(0) == jit::TK_CLASS_DEF) class_ = text(1);
    if (kind(0) == jit::TK_DEF) function_ = text(1);
  }

  std::string place() const {
    const auto line = source_->lineno_for_offset(token(0).position) + 1;
    return fmt::format("{}, line {}, in {}{}{}", record_, line, class_,
                       class_.empty() || function_.empty() ? "" : ".", function_);
  }

  /// What is forbidden about the name at hand.
  std::optional<std::string> forbidden_here() const {
    if (kind(-1) == '.') {
      auto reason = why_forbidden_behind_dot(text(0));
      if (reason) return fmt::format("torch.{}, which {}", text(0), *reason);
      return {};
    }
    // The name of a method, an argument, an attribute or a variable that is assigned.
    if (kind(-1) == jit::TK_DEF || kind(1) == '=' || kind(1) == ':') return {};
    if (auto reason = why_forbidden_function(text(0))) {
      return fmt::format("{}, which {}", text(0), *reason);
    }
    if (text(0) == "ops") return forbidden_operator();
    if (text(0) == "torch" && !is_name(1)) return "the whole of torch";
    if (text(0) == "getattr") return forbidden_attribute();
    if (text(0) == "__torch__") return forbidden_class();
    return {};
  }

  /// ops.NAMESPACE.NAME
  std::optional<std::string> forbidden_operator() const {
    if (!is_name(1) || !is_name(3)) return "the whole of torch.ops";
    const std::string name_space(text(2));
    const std::string name(text(4));
    const auto reason = why_forbidden(name_space, name);
    if (!reason) return {};
    return fmt::format("torch.ops.{}.{}, which {}", name_space, name, *reason);
  }

  /// getattr(OBJECT, "NAME"), as LibTorch writes names that are none in its language.
  std::optional<std::string> forbidden_attribute() const {
    const std::string unclear = "getattr with a name that is not written out";
    if (kind(1) != '(') return unclear;
    int depth = 0;
    std::ptrdiff_t ahead = 1;
    for (; kind(ahead) != jit::TK_EOF; ++ahead) {
      const int k = kind(ahead);
      if (k == '(' || k == '[' || k == '{') ++depth;
      if (k == ')' || k == ']' || k == '}') --depth;
      if (depth == 0 || (depth == 1 && k == ',')) break;
    }
    const std::string_view literal = text(ahead + 1);
    const bool is_plain = kind(ahead) == ',' && kind(ahead + 1) == jit::TK_STRINGLITERAL &&
                          kind(ahead + 2) == ')' && literal.size() > 2;
    if (!is_plain) return unclear;
    const std::string_view name = literal.substr(1, literal.size() - 2);
    if (name.find_first_of("\\\"'") != std::string_view::npos) return unclear;
    if (auto reason = why_forbidden_behind_dot(name)) {
      return fmt::format("torch.{}, which {}", name, *reason);
    }
    return {};
  }

  /// __torch__.… names the archive's own classes, or torch.classes.NAMESPACE.NAME of C++.
  std::optional<std::string> forbidden_class() const {
    std::string path(text(0));
    for (std::ptrdiff_t ahead = 1; is_name(ahead); ahead += 2) {
      path += fmt::format(".{}", text(ahead + 1));
    }
    path += ".";
    if (kClasses.starts_with(path)) return "the whole of " + path.substr(0, path.size() - 1);
    if (!path.starts_with(kClasses)) return {};
    return forbidden_class_of(path);
  }

  const std::string& record_;
  std::shared_ptr<jit::Source> source_;
  std::vector<ProgramToken> tokens_;
  std::size_t at_ = 0;
  std::string class_;
  std::string function_;
};

bool is_program(const ArchiveRecord& record) {
  const std::string name = lower_case(record.name);
  return name.ends_with(".py") || (name.starts_with("code/") && !name.ends_with(".debug_pkl"));
}

/// Classes that a pickle names, in the lines MODULE and NAME behind the opcode GLOBAL or in a type.
std::optional<std::string> forbidden_class_in(std::string_view pickle) {
  for (auto at = pickle.find("__torch__"); at != std::string_view::npos;
       at = pickle.find("__torch__", at + 1)) {
    std::string path;
    int lines = 0;
    for (const char c : pickle.substr(at)) {
      if (c == '\n' && ++lines == 2) break;
      if (c != '\n' && c != '.' && c != '_' && std::isalnum(static_cast<unsigned char>(c)) == 0) {
        break;
      }
      path += c == '\n' ? '.' : c;
    }
    path += '.';
    if (!path.starts_with(kClasses)) continue;
    if (auto what = forbidden_class_of(path)) return what;
  }
  if (pickle.find("torch.distributed.rpc\n") != std::string_view::npos) {
    return "torch.distributed.rpc, which calls other processes";
  }
  return {};
}

/// Calls `look` for each program of the archive until it finds something.
template <typename Look>
std::optional<ForbiddenUse> look_through_programs(const ArchiveFile& archive, const Look& look) {
  for (const ArchiveRecord& record : archive.records()) {
    if (record.name.ends_with(".pkl")) {
      if (auto what = forbidden_class_in(archive.contents(record))) {
        return ForbiddenUse{std::move(*what), record.name};
      }
    }
    if (record.name == "model.json") {
      return ForbiddenUse{"a program of PyTorch 1.0, which cannot be checked", record.name};
    }
    if (!is_program(record)) continue;
    const std::string program = archive.contents(record);
    try {
      ProgramReader reader(record.name, std::make_shared<jit::Source>(program));
      if (auto use = look(reader)) return use;
    } catch (const std::exception&) {
      throw DamagedArchive(
          fmt::format("is damaged: its record {} is not a program in TorchScript", record.name));
    }
  }
  return {};
}

}  // namespace

std::optional<ForbiddenUse> find_forbidden_use(const ArchiveFile& archive) {
  return look_through_programs(archive,
                               [](ProgramReader& reader) { return reader.forbidden_use(); });
}

std::optional<ForbiddenUse> find_any_program(const ArchiveFile& archive) {
  return look_through_programs(archive, [](ProgramReader& reader) { return reader.function(); });
}

}  // namespace transfer
