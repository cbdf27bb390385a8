#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <new>
#include <optional>

#include "core/big_endian.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "datasets/formats/encoded_image.h"
#include "datasets/labelled_files.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

/// Magic numbers: two zero bytes, the type of the elements (8: unsigned byte), the dimensions.
constexpr std::uint32_t kImagesMagic = 0x00000803;
constexpr std::uint32_t kLabelsMagic = 0x00000801;

/// The two files of one split, as MNIST names them.
struct SplitFiles {
  const char* split;
  const char* images;
  const char* labels;
};
constexpr std::array kSplits = {
    SplitFiles{"train", "train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
    SplitFiles{"test", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}};

/// The file of that name, with or without `.gz`; nothing where there is neither.
std::optional<fs::path> find_file(const fs::path& folder, const std::string& name) {
  for (const char* ending : {"", ".gz"}) {
    auto file = folder / (name + ending);
    if (is_file(file)) return file;
  }
  return std::nullopt;
}

/// Reads a file that may be compressed, piece by piece. Throws DataError.
class ByteStream {
 public:
  explicit ByteStream(const fs::path& file) : name_(file.string()) {
    if (file.extension() == ".gz") require_gzip();
    stream_.reset(gzopen(file.c_str(), "rb"));
    if (!stream_) throw DataError(fmt::format("{}: {}", name_, std::strerror(errno)));
  }

  /// The next `count` bytes, or fewer where the file ends. Pieces that are not there take no
  /// memory, whatever a damaged header claims.
  std::string read(std::uint64_t count) {
    constexpr std::uint64_t kPiece = 1 << 20;
    std::string bytes;
    reserve(bytes, count);
    while (bytes.size() < count) {
      throw_if_stopped();
      const std::size_t before = bytes.size();
      const std::uint64_t wanted = std::min(kPiece, count - before);
      bytes.resize(before + wanted);
      const int got = gzread(stream_.get(), bytes.data() + before, static_cast<unsigned>(wanted));
      int status = Z_OK;
      const char* message = gzerror(stream_.get(), &status);
      if (got < 0 || status != Z_OK) {
        throw DataError(
            fmt::format("{}: the compressed data is damaged or cut short ({}). Download it again.",
                        name_, message));
      }
      bytes.resize(before + static_cast<std::size_t>(got));
      if (got == 0) break;
    }
    return bytes;
  }

  const std::string& name() const { return name_; }
  /// Whatever its name says.
  bool is_compressed() const { return gzdirect(stream_.get()) == 0; }
  /// Of the file as it lies on the disk.
  std::uint64_t stored_bytes() const {
    std::error_code error;
    const auto size = fs::file_size(name_, error);
    return error ? 0 : size;
  }

 private:
  void reserve(std::string& bytes, std::uint64_t count) const {
    // gzip holds at most 1032 times its size.
    constexpr std::uint64_t kMostOfDeflate = 1100;
    const std::uint64_t most = stored_bytes() * (is_compressed() ? kMostOfDeflate : 1);
    try {
      bytes.reserve(std::min(count, most));
    } catch (const std::bad_alloc&) {
      throw DataError(
          fmt::format("{}: there is not enough memory for its {} bytes of images.", name_, count));
    }
  }
  void require_gzip() const {
    std::ifstream file(name_, std::ios::binary);
    std::array<char, 2> start{};
    file.read(start.data(), start.size());
    const auto byte = [&start](std::size_t i) { return static_cast<unsigned char>(start[i]); };
    if (file.gcount() == 2 && byte(0) == 0x1F && byte(1) == 0x8B) return;
    throw DataError(fmt::format(
        "{}: is not a gzip file: found {} at its start, expected the bytes 1f 8b. Download it "
        "again, "
        "or leave out the ending .gz if it is not compressed.",
        name_, file.gcount() < 2 ? "its end" : fmt::format("{:02x} {:02x}", byte(0), byte(1))));
  }

  struct Close {
    void operator()(gzFile file) const { gzclose(file); }
  };
  std::string name_;
  std::unique_ptr<gzFile_s, Close> stream_;
};

/// The sizes of the dimensions, as the header gives them after the magic number.
std::vector<std::uint64_t> read_header(ByteStream& stream, std::uint32_t magic, const char* what) {
  const std::size_t dimensions = magic & 0xFF;
  const std::string header = stream.read(4 * (1 + dimensions));
  if (header.size() < 4 * (1 + dimensions)) {
    throw DataError(
        fmt::format("{}: found {} bytes, expected a header of {} bytes. Download it again.",
                    stream.name(), header.size(), 4 * (1 + dimensions)));
  }
  if (big_endian(header, 0) != magic) {
    throw DataError(fmt::format(
        "{}: found the magic number 0x{:08x}, expected 0x{:08x}, an IDX file of {}. This may be "
        "another file under the same name. Download it again.",
        stream.name(), big_endian(header, 0), magic, what));
  }
  std::vector<std::uint64_t> sizes;
  for (std::size_t i = 0; i < dimensions; ++i) sizes.push_back(big_endian(header, 4 * (i + 1)));
  return sizes;
}

/// The elements after the header: exactly `count` bytes.
std::string read_elements(ByteStream& stream, std::uint64_t count, const std::string& expected) {
  std::string elements = stream.read(count);
  if (elements.size() < count) {
    throw DataError(fmt::format(
        "{}: is cut short: found {} bytes after its header, expected {} ({}). Download it again.",
        stream.name(), elements.size(), count, expected));
  }
  if (!stream.read(1).empty()) {
    throw DataError(fmt::format(
        "{}: found more than the {} bytes ({}) that its header names. Download it again.",
        stream.name(), count, expected));
  }
  return elements;
}

/// Throws DataError where the images would take far more memory than their file lets expect: a few
/// megabytes of gzip can hold gigabytes of zeros.
void require_plausible_claim(const ByteStream& stream, std::uint64_t count, std::uint64_t size,
                             std::uint64_t max_image_bytes) {
  // Images of digits are compressed to a fifth, outlines to a fiftieth.
  constexpr std::uint64_t kMostCompression = 200;
  constexpr std::uint64_t kBytesBesidePixels = 512;  // what the program keeps of an image
  // Others cannot hold more than their size.
  if (!stream.is_compressed()) return;
  const std::uint64_t stored = stream.stored_bytes();
  const std::uint64_t most = std::max(max_image_bytes, stored * kMostCompression);
  if (count <= most / (size + kBytesBesidePixels)) return;
  throw DataError(fmt::format(
      "{}: its header names {} images, {} bytes, but the file has only {} bytes. Expected at most "
      "{} times as many. Download it again. If it is right, decompress it with gunzip.",
      stream.name(), count, count * size, stored, kMostCompression));
}

std::shared_ptr<const ImageArray> read_images(const fs::path& file, std::int64_t max_image_bytes) {
  ByteStream stream(file);
  const auto sizes = read_header(stream, kImagesMagic, "8-bit images (count, height, width)");
  const auto most = static_cast<std::uint64_t>(std::min(max_image_bytes, kMaxPixels));
  const std::uint64_t size = sizes[1] * sizes[2];
  if (sizes[0] == 0 || size == 0 || size > most) {
    throw DataError(
        fmt::format("{}: its header names {} images of {}x{}. Expected at least one, each of 1 "
                    "to {} pixels (data.max_image_bytes). Download it again.",
                    stream.name(), sizes[0], sizes[2], sizes[1], most));
  }
  require_plausible_claim(stream, sizes[0], size, static_cast<std::uint64_t>(max_image_bytes));
  auto array = std::make_shared<ImageArray>();
  array->height = static_cast<std::int64_t>(sizes[1]);
  array->width = static_cast<std::int64_t>(sizes[2]);
  array->pixels = read_elements(stream, sizes[0] * size,
                                fmt::format("{} images of {}x{}", sizes[0], sizes[2], sizes[1]));
  return array;
}

std::string read_labels(const fs::path& file, std::int64_t images, const fs::path& of) {
  ByteStream stream(file);
  const auto sizes = read_header(stream, kLabelsMagic, "8-bit labels (count)");
  if (sizes[0] != static_cast<std::uint64_t>(images)) {
    throw DataError(fmt::format(
        "{}: its header names {} labels, expected {}, one for each image in {}. Take both files "
        "from the same source.",
        stream.name(), sizes[0], images, of.string()));
  }
  return read_elements(stream, sizes[0], fmt::format("{} labels", sizes[0]));
}

void add_split(const fs::path& folder, const SplitFiles& names, std::int64_t max_image_bytes,
               LabelledFiles& found) {
  const auto images = find_file(folder, names.images);
  const auto labels = find_file(folder, names.labels);
  if (!images && !labels) return;
  if (!images || !labels) {
    throw DataError(fmt::format(
        "{}: holds {}, but neither {} nor {}.gz, which belongs to it. Put it into the folder.",
        folder.string(), (images ? *images : *labels).filename().string(),
        images ? names.labels : names.images, images ? names.labels : names.images));
  }
  for (const auto& file : {*images, *labels}) {
    const fs::path packed = file.string() + ".gz";
    if (!is_file(packed)) continue;
    found.findings.notes.push_back(
        fmt::format("{}: is read; {} is not", file.string(), packed.filename().string()));
  }
  const auto array = read_images(*images, max_image_bytes);
  const std::string classes = read_labels(*labels, array->count(), *images);
  for (std::int64_t i = 0; i < array->count(); ++i) {
    const auto label = static_cast<unsigned char>(classes[static_cast<std::size_t>(i)]);
    LabelledFile file;
    file.path = fmt::format("{}#{}", images->string(), i);
    file.labels = {fmt::format("{}", label)};
    file.split = names.split;
    file.array = array;
    file.position = i;
    found.files.push_back(std::move(file));
  }
}

}  // namespace

bool is_idx_folder(const fs::path& folder) {
  return std::any_of(kSplits.begin(), kSplits.end(), [&folder](const SplitFiles& names) {
    return find_file(folder, names.images) || find_file(folder, names.labels);
  });
}

LabelledFiles read_idx(const fs::path& folder, std::int64_t max_image_bytes) {
  LabelledFiles found;
  found.labels_are_numbers = true;
  for (const SplitFiles& names : kSplits) add_split(folder, names, max_image_bytes, found);
  return found;
}

}  // namespace transfer
