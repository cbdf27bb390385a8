// Linked with one room of app at a time; see CMakeLists.txt.
int main() {}
