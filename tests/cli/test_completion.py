"""`transfer completion`: what the shells really offer, and that the manual page is sound."""

import re
import shutil
import subprocess
import unittest

from tests.cli.transfer_case import TransferCase

COMMANDS = ("train", "evaluate", "predict", "explain", "serve", "neighbours", "embed", "inspect", "backbones", "check", "preview", "lr-find",
            "advise", "batch", "runs", "compare", "ensemble", "soup", "export", "cache ls", "cache prune", "config", "version", "completion", "help")

# Sets what bash sets when Tab is pressed at the end of the line $2, and prints the replies one per line. Outside an
# interactive shell there is no readline for compopt to speak to.
BASH_DRIVER = r"""
compopt() { printf 'compopt %s\n' "$*" >&2; }
source "$1"
COMP_LINE=$2 COMP_POINT=${#2}
read -ra COMP_WORDS <<< "$2"
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
[[ $(complete -p transfer) == *'-F _transfer transfer' ]] || exit 1
_transfer
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
"""

# Types the line $2 and Tab into an interactive zsh; prints what that shows until all of $4... are in it.
ZSH_DRIVER = r"""
zmodload zsh/zpty
script=$1 line=$2 dump=$3; shift 3
read_until() {
  output=
  local more part missing tries
  for ((tries = 0; tries < 300; ++tries)); do
    while zpty -r -t shell more; do output+=$more; done
    missing=
    for part in "$@"; do [[ $output == *"$part"* ]] || missing=$part; done
    [[ -n $missing ]] || return 0
    sleep 0.1
  done
  return 1
}
zpty shell zsh -f -i
zpty -w shell "unset zle_bracketed_paste; autoload -Uz compinit; compinit -u -d ${(q)dump}; source ${(q)script}"
zpty -w shell 'print ready-$((1 + 1))'
read_until ready-2 || { print -r -- "$output"; exit 1 }
zpty -w -n shell "$line"$'\t'
read_until "$@"
zpty -d shell
print -r -- "$output"
"""


def flags_of(help_text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*(?= |$)", "\n".join(
        line[:29].replace(",", " ") for line in help_text.splitlines() if line.startswith("  -"))))


class Completion(TransferCase):
    def script(self, shell):
        path = self.folder / f"transfer.{shell}"
        if not path.exists():
            path.write_text(self.run_transfer("completion", shell).stdout)
        return path

    def test_an_unknown_format_is_refused(self):
        self.refused("completion", "ksh", expect=2, parts=["ksh", "format"])


@unittest.skipUnless(shutil.which("bash"), "bash is not installed")
class Bash(Completion):
    def complete(self, line):
        """The replies, and what was asked of readline."""
        done = subprocess.run(["bash", "-c", BASH_DRIVER, "driver", self.script("bash"), line], cwd=self.folder,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split(), done.stderr

    def replies(self, line):
        return self.complete(line)[0]

    def test_commands(self):
        self.assertEqual(self.replies("transfer pr"), ["predict", "preview"])
        self.assertEqual(sorted(self.replies("transfer ")), sorted({name.split()[0] for name in COMMANDS}))
        self.assertEqual(self.replies("transfer cache "), ["ls", "prune"])

    def test_every_flag_that_help_shows(self):
        for command in COMMANDS:
            flags = flags_of(self.run_transfer(*command.split(), "--help").stdout)
            self.assertIn("--help", flags)
            self.assertLessEqual(flags, set(self.replies(f"transfer {command} -")), command)

    def test_flags_of_train_without_its_name(self):
        self.assertEqual(self.replies("transfer --aug"), ["--augment", "--augment-views"])
        self.assertEqual(self.replies("transfer --data x --over"), ["--overwrite"])

    def test_values_of_flags(self):
        self.assertEqual(self.replies("transfer evaluate --split "), ["train", "val", "test"])
        self.assertEqual(self.replies("transfer evaluate --split=te"), ["test"])
        self.assertEqual(self.replies("transfer --strategy f"), ["freeze-conv", "fine-tune"])
        self.assertEqual(self.replies("transfer predict --tta "), ["none", "flip"])
        self.assertEqual(self.replies("transfer --augment st"), ["standard", "strong"])
        self.assertEqual(self.replies("transfer --preset hid"), ["hidden-layers"])
        self.assertEqual(self.replies("transfer batch jobs.yaml --launcher "), ["local", "slurm"])

    def test_keys_of_config(self):
        self.assertEqual(self.replies("transfer config train.lr_"), ["train.lr_decay"])
        self.assertEqual(self.replies("transfer config jobs.search.halving."),
                         ["jobs.search.halving.epochs", "jobs.search.halving.factor"])
        self.assertEqual(self.replies("transfer config slurm.ti"), ["slurm.time"])
        self.assertEqual(self.replies("transfer config gene"), ["general"])
        self.assertEqual(self.replies("transfer config slurm").count("slurm"), 1)
        self.assertEqual(self.replies("transfer --set slurm"), [])

    def test_commands_of_help(self):
        self.assertEqual(self.replies("transfer help pre"), ["predict", "preview"])

    def test_paths_are_left_to_readline(self):
        for line in ("transfer --data ", "transfer predict ", "transfer predict --model x/", "transfer batch "):
            replies, asked = self.complete(line)
            self.assertEqual(replies, [], line)
            self.assertIn("-o default", asked, line)
        self.assertIn("-o dirnames", self.complete("transfer --resume r")[1])

    def test_every_key_after_set(self):
        data = self.make_data()
        lines = self.run_transfer("--data", data, "--print-config").stdout.splitlines()
        keys, group = [], ""
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or name.lstrip().startswith("#"):
                continue
            if not line.startswith(" "):
                group = ""
            if value.strip():
                keys.append(group + name.strip())
            else:
                group = name.strip() + "."
        self.assertIn("train.lr", keys)
        replies, asked = self.complete("transfer --set ")
        self.assertEqual(sorted(replies), sorted(f"{key}=" for key in keys))
        self.assertIn("nospace", asked)

    def test_values_of_keys_without_the_part_that_readline_has(self):
        self.assertEqual(self.replies("transfer --set train.opt"), ["train.optimizer="])
        self.assertEqual(self.replies("transfer --set train.optimizer=a"), ["adamw"])
        self.assertEqual(self.replies("transfer advise --set=cache.share="), ["true", "false"])
        self.assertEqual(self.replies("transfer --set train.lr=0"), [])


@unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
class Zsh(Completion):
    def shown(self, line, parts):
        """What an interactive zsh shows after the line and Tab."""
        command = ["zsh", "-f", "-c", ZSH_DRIVER, "driver", self.script("zsh"), line, self.folder / "dump", *parts]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=90)
        return done.stdout + done.stderr

    def test_the_script_parses(self):
        subprocess.run(["zsh", "-n", self.script("zsh")], check=True, timeout=60)

    def test_it_offers_commands_flags_values_keys_and_paths(self):
        (self.folder / "photo.png").touch()
        for line, parts in (("transfer pre", ("predict", "preview")), ("transfer evaluate --sp", ("lit",)),
                            ("transfer batch jobs.yaml --launcher ", ("local", "slurm")),
                            ("transfer --set train.opt", ("train.optimizer=",)),
                            ("transfer --set train.optimizer=a", ("adamw",)),
                            ("transfer cache p", ("rune",)), ("transfer --backbone fla", ("tten",)),
                            ("transfer predict photo.p", ("ng",))):
            shown = self.shown(line, parts)
            for part in parts:
                self.assertIn(part, shown, line)


@unittest.skipUnless(shutil.which("fish"), "fish is not installed")
class Fish(Completion):
    def replies(self, line):
        done = subprocess.run(["fish", "--no-config", "-c", f"source {self.script('fish')}; complete -C '{line}'"],
                              cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [row.split("\t")[0] for row in done.stdout.splitlines()]

    def test_it_offers_commands_flags_values_and_keys(self):
        self.assertEqual(self.replies("transfer pre"), ["predict", "preview"])
        self.assertEqual(self.replies("transfer evaluate --sp"), ["--split"])
        self.assertEqual(self.replies("transfer --aug"), ["--augment", "--augment-views"])
        self.assertEqual(sorted(self.replies("transfer evaluate --split ")), ["test", "train", "val"])
        self.assertEqual(self.replies("transfer --set train.opt"),
                         ["train.optimizer=", *(f"train.optimizer={name}" for name in ("adamw", "lbfgs", "sgd"))])
        self.assertEqual(self.replies("transfer cache p"), ["prune"])
        self.assertIn("--keep-mb", self.replies("transfer cache prune --"))
        self.assertNotIn("--keep-mb", self.replies("transfer --"))


class Manual(Completion):
    def test_it_has_every_command_flag_and_key(self):
        text = self.script("man").read_text().replace("\\-", "-")
        for command in COMMANDS:
            self.assertIn(f".SS transfer {command}\n", text)
            for flag in flags_of(self.run_transfer(*command.split(), "--help").stdout):
                self.assertIn(f"\\fB{flag}\\fR", text)
        for part in ("\\fBtrain.lr\\fR", "\\fBjobs.matrix.KEY.low\\fR", "\\fBslurm.time\\fR", "Required.",
                     "TRANSFER_MODELS", "adamw", ".SH NAME\ntransfer - "):
            self.assertIn(part, text)

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_mandoc_finds_nothing(self):
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", self.script("man")], capture_output=True,
                              text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    @unittest.skipUnless(shutil.which("man"), "man is not installed")
    def test_groff_has_no_warning(self):
        done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", self.script("man")],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
