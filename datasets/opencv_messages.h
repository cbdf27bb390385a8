#pragma once

namespace transfer {

/// Keeps OpenCV from writing to stderr about files it cannot decode: it names none of them, and our
/// own message does. Whatever else is written to std::cerr still gets there. May be called often
/// and from any thread; the first call counts.
void silence_opencv();

}  // namespace transfer
