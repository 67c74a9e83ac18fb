// SPDX-License-Identifier: Apache-2.0
#include "meanfield/history.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <stdexcept>

namespace mfm {

RateHistory::RateHistory(std::vector<double> constant, double t0, double longest)
    : constant_(std::move(constant)), t0_(t0), longest_(longest) {}

void RateHistory::add(double t, double h, std::size_t order, std::span<const double> derivative) {
    const std::size_t rates = constant_.size();
    Piece piece;
    // Memory of a piece that has left the window is used again.
    while (!pieces_.empty() && pieces_.front().end < t - h - longest_) {
        piece.coefficient = std::move(pieces_.front().coefficient);
        pieces_.pop_front();
        ++dropped_;
    }
    piece.begin = pieces_.empty() ? t - h : pieces_.back().end;
    piece.end = t;
    piece.inverse_h = 1 / h;
    piece.order = std::min(order, most_orders - 1);
    piece.coefficient.resize(most_orders * rates);
    double scale = 1;
    for (std::size_t k = 0; k <= piece.order; ++k) {
        if (k > 0) scale *= h / static_cast<double>(k);
        for (std::size_t i = 0; i < rates; ++i) piece.coefficient[k * rates + i] = scale * derivative[k * rates + i];
    }
    pieces_.push_back(std::move(piece));
}

double RateHistory::value(std::size_t i, double t, std::size_t& cursor) const {
    if (t <= t0_ || pieces_.empty()) return constant_[i];
    std::size_t at = cursor > dropped_ ? cursor - dropped_ : 0;
    at = std::min(at, pieces_.size() - 1);
    while (at + 1 < pieces_.size() && pieces_[at].end < t) ++at;
    while (at > 0 && pieces_[at].begin >= t) --at;
    cursor = at + dropped_;
    const Piece& piece = pieces_[at];
    const double s = (t - piece.end) * piece.inverse_h;
    if (s > 1e-6 || (at == 0 && dropped_ > 0 && t < piece.begin))
        throw std::logic_error(fmt::format("the rate history was asked for {} ms, outside of [{}, {}] ms", t,
                                           pieces_.front().begin, pieces_.back().end));
    const std::size_t rates = constant_.size();
    double sum = 0;
    for (std::size_t k = piece.order + 1; k-- > 0;) sum = sum * s + piece.coefficient[k * rates + i];
    return sum;
}

} // namespace mfm
