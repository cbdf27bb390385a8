# Chart.js, which pages draw their charts with: ChartJs_FILE, its minified script.
find_file(ChartJs_FILE NAMES chart.min.js Chart.min.js chart.umd.js
  PATHS /usr/share/javascript/chart.js /usr/share/nodejs/chart.js/dist NO_DEFAULT_PATH)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ChartJs REQUIRED_VARS ChartJs_FILE
  REASON_FAILURE_MESSAGE "install libjs-chart.js")
