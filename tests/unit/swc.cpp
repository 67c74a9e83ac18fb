// SPDX-License-Identifier: Apache-2.0
#include <mfm/swc.hpp>

#include <catch2/catch.hpp>

#include <sstream>

namespace {

std::vector<mfm::SwcPoint> read(const std::string& text) {
    std::istringstream in(text);
    return mfm::read_swc(in, "cell.swc");
}

/// What is said of a malformed file.
std::string complaint(const std::string& text) {
    try {
        static_cast<void>(read(text));
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "accepted";
}

/// Yields one byte for ever.
class Endless : public std::streambuf {
public:
    explicit Endless(char byte) : byte_(byte) {}

private:
    int_type underflow() override {
        setg(&byte_, &byte_, &byte_ + 1);
        return traits_type::to_int_type(byte_);
    }
    char byte_;
};

} // namespace

TEST_CASE("an SWC file is a point a line, with comments, blank lines and either end of line") {
    const auto points =
        read("# a cell\r\n\r\n1 1 0 0 0 2.5 -1\r\n  2 3\t1.5 -2e1 .25 0 1  \n# its tip\n\n7 19 1 1 1 1 2");
    REQUIRE(points.size() == 3);
    CHECK(points[0].id == 1);
    CHECK(points[0].parent == -1);
    CHECK(points[0].radius == 2.5);
    CHECK(points[1].type == 3);
    CHECK(points[1].x == 1.5);
    CHECK(points[1].y == -20.0);
    CHECK(points[1].z == 0.25);
    CHECK(points[1].radius == 0.0);
    CHECK(points[2].id == 7);
    CHECK(points[2].type == 19);
    CHECK(points[2].parent == 2);
}

TEST_CASE("a reconstruction may have several roots") {
    CHECK(read("1 1 0 0 0 1 -1\n2 1 5 0 0 1 -1\n").size() == 2);
}

TEST_CASE("a malformed SWC file is refused with file, line and what is wrong") {
    const std::string soma = "1 1 0 0 0 1 -1\n";
    CHECK(complaint("") == "cell.swc: there is no point in the file");
    CHECK(complaint("# nothing\n\n") == "cell.swc: there is no point in the file");
    CHECK(complaint("1 1 0 0 0 1") == "cell.swc:1: a point has 7 fields, id type x y z radius parent, but there are 6: "
                                      "'1 1 0 0 0 1'");
    CHECK(complaint(soma + "2 1 0 0 0 1 1 # tip") == "cell.swc:2: a point has 7 fields, but there is more: '# tip'");
    CHECK(complaint("one 1 0 0 0 1 -1") == "cell.swc:1: the id must be a whole number, but is 'one'");
    CHECK(complaint("1.5 1 0 0 0 1 -1") == "cell.swc:1: the id must be a whole number, but is '1.5'");
    CHECK(complaint("-2 1 0 0 0 1 -1") == "cell.swc:1: the id must be at least 0, but is -2");
    CHECK(complaint("99999999999 1 0 0 0 1 -1") == "cell.swc:1: the id '99999999999' is out of range");
    CHECK(complaint("1 -1 0 0 0 1 -1") == "cell.swc:1: the type must be at least 0, but is -1");
    CHECK(complaint("1 1 here 0 0 1 -1") == "cell.swc:1: the x must be a number, but is 'here'");
    CHECK(complaint("1 1 0 nan 0 1 -1") == "cell.swc:1: the y must be a number of um from -1e7 to 1e7, but is 'nan'");
    CHECK(complaint("1 1 0 0 inf 1 -1") == "cell.swc:1: the z must be a number of um from -1e7 to 1e7, but is 'inf'");
    CHECK(complaint("1 1 0 0 1e8 1 -1") == "cell.swc:1: the z must be a number of um from -1e7 to 1e7, but is '1e8'");
    CHECK(complaint("1 1 0 0 1e999 1 -1") == "cell.swc:1: the z '1e999' is out of range");
    CHECK(complaint("1 1 0 0 0 -1 -1") == "cell.swc:1: the radius must be a number of um from 0 to 1e7, but is '-1'");
    CHECK(complaint("1 1 0 0 0 1 -2") == "cell.swc:1: the parent must be at least -1, but is -2");
    CHECK(complaint(soma + "1 1 0 0 0 1 1") == "cell.swc:2: there is a point 1 already");
    const auto no_parent = [](int line, int parent, int point) {
        return "cell.swc:" + std::to_string(line) + ": the parent " + std::to_string(parent) + " of point " +
               std::to_string(point) + " is not among the points above; a parent stands before its children";
    };
    CHECK(complaint(soma + "2 1 0 0 0 1 9") == no_parent(2, 9, 2));
    CHECK(complaint("1 1 0 0 0 1 1") == no_parent(1, 1, 1));                       // its own parent
    CHECK(complaint("1 1 0 0 0 1 2\n2 1 0 0 0 1 1") == no_parent(1, 2, 1));        // a cycle
    CHECK(complaint(soma + "3 1 0 0 0 1 2\n2 1 0 0 0 1 1") == no_parent(2, 2, 3)); // a child first
    CHECK(complaint(std::string("1 1 0 0 0 1 \0\x1b", 14) + "1") ==
          "cell.swc:1: the parent must be a whole number, but is '??1'");
}

TEST_CASE("a line without end is refused before it fills the memory") {
    const std::string longest = "# " + std::string(mfm::swc_longest_line - 2, 'x');
    CHECK(read(longest + "\n1 1 0 0 0 1 -1\n").size() == 1);
    CHECK(read("1 1 0 0 0 1 -1\n" + longest).size() == 1);
    CHECK(complaint(longest + "x\n1 1 0 0 0 1 -1\n") == "cell.swc:1: the line has more than 4095 characters");
    Endless endless('7');
    std::istream in(&endless);
    CHECK_THROWS_WITH(mfm::read_swc(in, "cell.swc"), "cell.swc:1: the line has more than 4095 characters");
}
