#include "models/program_check.h"

#include <caffe2/serialize/inline_container.h>
#include <gmock/gmock.h>

#include "core/errors.h"
#include "core/file_kind.h"
#include "models/archive.h"
#include "tests/core/message_listener.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using torch::jit::Module;

std::string in_temporary_folder(const std::string& name) { return testing::TempDir() + "/" + name; }

/// An archive of one program, which is a method's body, and a pickle.
std::string archive_of(const std::string& body, const std::string& pickle = "",
                       const std::string& record = "code/__torch__/networks.py") {
  const std::string file = in_temporary_folder("program_check_test.pt");
  const std::string program =
      "class Network(Module):\n  __parameters__ = []\n  training : bool\n"
      "  def forward(self: __torch__.networks.Network,\n    x: Tensor) -> Tensor:\n";
  const std::string text = program + "    " + body + "\n    return x\n";
  caffe2::serialize::PyTorchStreamWriter writer(file);
  writer.writeRecord(record, text.data(), text.size());
  writer.writeRecord("data.pkl", pickle.data(), pickle.size());
  writer.writeEndOfFile();
  return file;
}

std::string forbidden_in(const std::string& file) {
  const auto use = find_forbidden_use(ArchiveFile(file));
  return use ? use->what + " in " + use->where : "nothing";
}

TEST(ProgramCheck, OperatorsThatReachOutOfTheProcessAreFoundHoweverTheyAreNamed) {
  for (const std::string body : {
           R"(torch.save(x, "file"))",
           R"(y = torch.from_file("/etc/passwd", False, 8))",
           R"(y = "/etc/passwd".from_file(False, 8))",
           R"(x.save("file"))",
           R"(t = torch)",
           R"(f = torch.save)",
           R"(torch.autograd.save(x, "file"))",
           R"(ops.aten.save(x, "file"))",
           R"(o = ops)",
           R"(o = ops.aten)",
           R"(getattr(torch, "save")(x, "file"))",
           R"(getattr(torch.autograd, "save")(x, "file"))",
           R"(getattr(torch.autograd, "\x73ave")(x, "file"))",
           R"(getattr(torch.autograd, "sa" "ve")(x, "file"))",
           R"(getattr(torch.autograd, '''save''')(x, "file"))",
           R"(g = getattr)",
           "torch.\\\nsave(x, \"file\")",
           "# type: torch.save(x)",
           R"(print("hello"))",
           R"(p = print)",
           R"(torch._print("hello"))",
           R"(ops.prim.Print("hello"))",
           R"(y = ops.prim.rpc_sync("worker", x))",
           R"(y = rpc_async("worker", x))",
           R"(ops.c10d.send([x], g, 1, 1))",
           R"(y = ops.mkldnn.data_ptr(x))",
           R"(y = __torch__.torch.classes.dist_rpc.WorkerInfo("a", 1))",
           R"(c = __torch__.torch)",
       }) {
    EXPECT_THAT(
        forbidden_in(archive_of(body)),
        AllOf(HasSubstr("code/__torch__/networks.py, line "), HasSubstr(", in Network.forward")))
        << body;
  }
}

TEST(ProgramCheck, WhatNetworksUsePasses) {
  for (const std::string body : {
           R"(y = torch.relu(x))",
           R"(y = torch.conv2d(x, CONSTANTS.c0))",
           R"(y = ops.quantized.linear_dynamic(x, self.packed))",
           R"(ops.prim.RaiseException("torch.save is not called here"))",
           R"(y = ops.prim.NumToTensor(torch.size(x, 1)))",
           R"(y = (getattr(self, "0")).forward(x))",
           R"(y = (getattr(getattr(self.layers, "0"), "1")).forward(x))",
           R"(y = "print {}".format(3))",
           R"(# torch.save(x, "file"))",
           R"(torch.warn("print", 2))",
           R"(f = fork(self.part, x))",
           R"(y = torchvision.ops.misc(x))",
           R"(y = ops.torchvision.nms(x, x, 0.5))",  // LibTorch lacks it, and says so
           R"(y = __torch__.torch.nn.functional.relu(x))",
           R"(p = unchecked_cast(__torch__.torch.classes.quantized.LinearPackedParamsBase, x))",
           R"(y = torch.upsample(x, print=3, ops=4))",
       }) {
    EXPECT_EQ(forbidden_in(archive_of(body)), "nothing") << body;
  }
}

TEST(ProgramCheck, ProgramsAreFoundUnderEveryNameThatLibTorchFinds) {
  EXPECT_THAT(forbidden_in(archive_of(R"(x.save("f"))", "", "CODE/__torch__/Networks.PY")),
              HasSubstr("torch.save"));
  EXPECT_THAT(forbidden_in(archive_of(R"(y = x)", "", "model.json")), HasSubstr("PyTorch 1.0"));
  EXPECT_THROW(forbidden_in(archive_of("\"not closed")), DamagedArchive);
}

TEST(ProgramCheck, ObjectsOfForeignClassesAreFoundInPickles) {
  EXPECT_EQ(forbidden_in(archive_of(
                "y = x", "c__torch__.torch.classes.quantized\nLinearPackedParamsBase\n")),
            "nothing");
  EXPECT_EQ(forbidden_in(archive_of("y = x", "c__torch__.networks\nNetwork\n")), "nothing");
  for (const std::string pickle :
       {"c__torch__.torch.classes.c10d\nProcessGroup\n",
        "c__torch__.torch\nclasses.c10d.ProcessGroup\n", "ctorch.distributed.rpc\nrref\n"}) {
    EXPECT_THAT(forbidden_in(archive_of("y = x", pickle)), HasSubstr("data.pkl")) << pickle;
  }
}

TEST(ProgramCheck, ArchivesOfNumbersHaveNoFunctions) {
  EXPECT_TRUE(find_any_program(ArchiveFile(archive_of("y = x"))));
  const std::string file = in_temporary_folder("numbers.pt");
  torch::serialize::OutputArchive numbers;
  numbers.write("tensor", torch::ones(3));
  numbers.save_to(file);
  EXPECT_FALSE(find_any_program(ArchiveFile(file)));
}

/// A network that would write the file `trace` when it is run (or loaded).
struct Writers {
  std::string trace = in_temporary_folder("program_was_run");
  std::string file = in_temporary_folder("writer.pt");

  Writers() { std::filesystem::remove(trace); }

  std::string refusal(const Trust& trust = {}) const {
    try {
      read_archive(file, trust);
    } catch (const ModelError& error) {
      return error.what();
    }
    return "no error";
  }

  std::string statement() const { return "torch.save(x, \"" + trace + "\")"; }
};

TEST(ProgramCheck, NothingRunsOfANetworkThatWritesFilesWhenItIsLoaded) {
  const Writers writers;
  Module module("__torch__.Writer");
  module.register_parameter("weight", torch::ones(3), /*is_buffer=*/false);
  module.define("def __getstate__(self) -> Tensor:\n  return self.weight\n");
  module.define("def __setstate__(self, x: Tensor) -> None:\n  self.weight = x\n  " +
                writers.statement() + "\n");
  module.define("def forward(self, x: Tensor) -> Tensor:\n  return x * self.weight\n");
  module.save(writers.file);
  EXPECT_THAT(writers.refusal(),
              AllOf(HasSubstr(writers.file), HasSubstr("torch.save, which writes files"),
                    HasSubstr("in Writer.__setstate__"), HasSubstr("--trust sha256:")));
  EXPECT_FALSE(is_file(writers.trace));
  // The remedy that the message proposes.
  EXPECT_EQ(
      writers.refusal({.rule = TrustRule::kPinned, .pins = {ArchiveFile(writers.file).sha256()}}),
      "no error");
  EXPECT_TRUE(is_file(writers.trace));
}

TEST(ProgramCheck, ALayerDeepInsideIsCheckedToo) {
  const Writers writers;
  Module layer("__torch__.Layer");
  layer.define("def forward(self, x: Tensor) -> Tensor:\n  " + writers.statement() +
               "\n  return x\n");
  Module middle("__torch__.Middle", layer._ivalue()->compilation_unit());
  middle.register_module("layer", layer);
  middle.define("def forward(self, x: Tensor) -> Tensor:\n  return self.layer.forward(x)\n");
  Module whole("__torch__.Whole", layer._ivalue()->compilation_unit());
  whole.register_module("middle", middle);
  whole.define("def forward(self, x: Tensor) -> Tensor:\n  return self.middle.forward(x)\n");
  whole.save(writers.file);
  EXPECT_THAT(writers.refusal(), HasSubstr("in Layer.forward"));
}

TEST(Admission, AFileThatDoesNotNameItselfIsNamedWithItsHash) {
  MessageListener listener;
  read_archive(fixture("tiny.pt"));
  EXPECT_THAT(listener.notes, testing::IsEmpty());
  // A file of its own, since each hash is named once in a process.
  const std::string file = testing::TempDir() + "/unpinned_test.pt";
  torch::jit::load(fixture("no_metadata.pt")).save(file, {{"note", "for this test alone"}});
  const std::string hash = ArchiveFile(file).sha256();
  read_archive(file);
  EXPECT_THAT(listener.notes, testing::ElementsAre(HasSubstr("--trust sha256:" + hash)));
  read_archive(file, {.pins = {hash}});
  EXPECT_THAT(listener.notes, testing::SizeIs(1));
  EXPECT_THAT(listener.warnings, testing::IsEmpty());
}

TEST(Admission, PinsAndQuestionsDecide) {
  const std::string file = fixture("tiny.pt");
  const std::string hash = ArchiveFile(file).sha256();
  const auto refusal = [&file](const Trust& trust) -> std::string {
    try {
      read_archive(file, trust);
    } catch (const ModelError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(refusal({.rule = TrustRule::kPinned}),
              AllOf(HasSubstr(file), HasSubstr("--trust sha256:" + hash)));
  EXPECT_THAT(refusal({.rule = TrustRule::kPinned, .pins = {std::string(64, '0')}}),
              HasSubstr("is not pinned"));
  EXPECT_EQ(refusal({.rule = TrustRule::kPinned, .pins = {hash}}), "no error");
  EXPECT_THAT(refusal({.rule = TrustRule::kAsk}), HasSubstr("no terminal"));
  std::string question;
  const auto answer = [&question](bool yes) {
    return [&question, yes](const std::string& text) {
      question = text;
      return yes;
    };
  };
  EXPECT_EQ(refusal({.rule = TrustRule::kAsk, .ask = answer(true)}), "no error");
  EXPECT_THAT(question, AllOf(HasSubstr(file), HasSubstr(hash)));
  EXPECT_THAT(refusal({.rule = TrustRule::kAsk, .ask = answer(false)}),
              HasSubstr("as you answered"));
  EXPECT_EQ(refusal({.rule = TrustRule::kAlways}), "no error");
}

}  // namespace
}  // namespace transfer
