"""A terminal of a chosen size: a shell inside tmux, whose screen can be read."""

import shutil
import subprocess
import time

TMUX = shutil.which("tmux")
SLOWEST = 120


def why_skipped():
    return None if TMUX else "there is no tmux (Debian package: setup/debian-packages-test.txt)"


class Screen:
    """Lives until close(). The shell's prompt is "$ "."""

    def __init__(self, columns, rows, folder, environment):
        self.columns = columns
        self.socket = str(folder / f"tmux-{columns}")
        self.environment = {**environment, "TERM": "xterm"}
        self.tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", str(folder),
                  "env 'PS1=$ ' bash --noprofile --norc")
        try:
            self.wait_for(lambda lines: lines[-1] == "$", "a prompt")
        except AssertionError:
            self.close()
            raise

    def tmux(self, *arguments):
        done = subprocess.run([TMUX, "-S", self.socket, "-f", "/dev/null", *arguments], env=self.environment, text=True,
                              capture_output=True, timeout=SLOWEST, check=True)
        return done.stdout

    def type(self, line):
        self.tmux("send-keys", "-l", line)
        self.tmux("send-keys", "Enter")

    def interrupt(self):
        self.tmux("send-keys", "C-c")

    def lines(self, *flags):
        """What the screen shows and what has scrolled off it, without empty lines at the end."""
        return self.tmux("capture-pane", "-p", "-S", "-", *flags).rstrip("\n").split("\n")

    def unwrapped(self):
        """The same with wrapped lines put together."""
        return [line.rstrip() for line in self.lines("-J")]

    def coloured(self):
        """The same with the codes of colours."""
        return "\n".join(self.lines("-e"))

    def cursor(self):
        """The cursor's column, from 0, and the text of its line."""
        column, row = map(int, self.tmux("display-message", "-p", "#{cursor_x} #{cursor_y}").split())
        return column, self.tmux("capture-pane", "-p").split("\n")[row]

    def wait_for(self, condition, what):
        """The lines of the first screen on which the condition holds."""
        deadline = time.time() + SLOWEST
        while True:
            lines = self.lines()
            if condition(lines):
                return lines
            if time.time() > deadline:
                raise AssertionError(f"no {what} on a terminal of {self.columns} columns:\n" + "\n".join(lines))
            time.sleep(0.02)

    def wait_for_prompt(self):
        """Waits until the command that was typed has ended."""
        self.wait_for(lambda lines: lines[-1] == "$" and len(lines) > 1, "prompt")

    def close(self):
        subprocess.run([TMUX, "-S", self.socket, "kill-server"], capture_output=True, timeout=SLOWEST, check=False)
