#include "app/report/html_page.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "app/report/page_file.h"

namespace transfer {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(HtmlPage, ShowsNamesAsTextAndRunsNothingOfThem) {
  const std::string html = to_html({.title = "<b>\"cats\" & dogs",
                                    .body = "<main></main>",
                                    .style = "main{}",
                                    .scripts = {"show()"},
                                    .data = R"json({"class":"</script><script>alert(1)"})json"});
  EXPECT_THAT(html, HasSubstr("<title>&lt;b&gt;&quot;cats&quot; &amp; dogs</title>"));
  EXPECT_THAT(html, HasSubstr(R"json({"class":"\u003c/script>\u003cscript>alert(1)"})json"));
  EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
}

TEST(HtmlPage, AdmitsItsOwnScriptsAndStyleByTheirHashesAlone) {
  const std::string html =
      to_html({.title = "", .body = "", .style = "", .scripts = {"alert(1)", ""}, .data = "{}"});
  // printf %s 'alert(1)' | openssl dgst -sha256 -binary | base64; then of the empty text
  EXPECT_THAT(html, HasSubstr("script-src 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI=' "
                              "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; style-src "
                              "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';"));
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
}

TEST(HtmlPage, IsKnownByTheCommandThatWroteIt) {
  const std::filesystem::path file =
      std::filesystem::path(testing::TempDir()) / "html_page_test.html";
  const auto write = [&file](const std::string& text) { std::ofstream(file) << text; };
  write(to_html({.title = "", .command = "compare", .body = "", .style = "", .data = "{}"}));
  EXPECT_TRUE(is_page_of(file, "compare"));
  EXPECT_FALSE(is_page_of(file, "evaluate"));
  write(to_html({.title = "transfer compare", .body = "", .style = "", .data = "{}"}));
  EXPECT_FALSE(is_page_of(file, "compare"));
  std::filesystem::remove(file);
  EXPECT_FALSE(is_page_of(file, "compare"));
}

TEST(HtmlPage, DataAddresses) {
  EXPECT_EQ(data_address("image/png", "\x89PNG"), "data:image/png;base64,iVBORw==");
  EXPECT_EQ(data_address("text/plain", ""), "data:text/plain;base64,");
}

TEST(PageFile, IsEmbeddedUnderItsName) {
  EXPECT_THAT(page_file("page.css"), HasSubstr("prefers-color-scheme"));
  EXPECT_THAT(page_file("chart.min.js"), HasSubstr("Chart"));
  EXPECT_THAT(page_file("chart.min.js"), Not(HasSubstr("</script")));
  EXPECT_THROW(page_file("../secret"), std::out_of_range);
}

}  // namespace
}  // namespace transfer
