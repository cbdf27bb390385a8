// classify MODEL IMAGE: prints the classes of an image and their probabilities, the likeliest
// first.
#include <torch/script.h>

#include <iostream>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

int main(int count, char** arguments) {
  if (count != 3) {
    std::cerr << "usage: classify MODEL IMAGE\n";
    return 2;
  }
  try {
    torch::jit::Module model = torch::jit::load(arguments[1], torch::kCPU);
    cv::Mat image = cv::imread(arguments[2], cv::IMREAD_COLOR);  // BGR, upright
    if (image.empty()) throw std::runtime_error("the image cannot be read");
    cv::cvtColor(image, image, cv::COLOR_BGR2RGB);
    const auto pixels = torch::from_blob(image.data, {image.rows, image.cols, 3}, torch::kUInt8);

    const c10::InferenceMode no_gradients;
    const auto classes = model.get_method("classify")({pixels}).toList();
    for (const c10::IValue entry : classes) {
      const auto& pair = entry.toTupleRef().elements();
      std::cout << pair[0].toStringRef() << ": " << pair[1].toDouble() << '\n';
    }
  } catch (const std::exception& error) {
    std::cerr << arguments[1] << ", " << arguments[2] << ": " << error.what() << '\n';
    return 1;
  }
}
