#include "app/serving/serving_page.h"

#include <nlohmann/json.hpp>

#include "app/report/html_page.h"
#include "app/report/page_file.h"
#include "app/serving/serving_page_file.h"
#include "core/json_text.h"

namespace transfer {

std::string serving_page(bool needs_token, const ServingLimits& limits) {
  const std::string style =
      std::string(page_file("page.css")) + std::string(serving_page_file("serve.css"));
  HtmlPage page;
  page.title = "Classify images";
  page.command = "serve";
  page.body = serving_page_file("serve.html");
  page.style = style;
  page.scripts = {serving_page_file("results.js"), serving_page_file("serve.js"),
                  serving_page_file("camera.js")};
  page.asks_its_server = true;
  page.data = json_line({{"needs_token", needs_token}, {"max_images", limits.images_per_request}});
  return to_html(page);
}

}  // namespace transfer
