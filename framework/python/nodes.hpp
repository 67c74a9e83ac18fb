// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tbb/task_arena.h>

#include "meanfield/evolution.hpp"

namespace mfm {

/// One mean field n times side by side, every node with its own state and external rates: the nodes of a larger model.
/// Arrays are node-major: external rates [nodes * E] in the order of MeanFieldModel::external(), rates [nodes * P] in
/// that of internal(), Hz.
class Nodes {
public:
    /// threads: among which nodes are shared out; 0: one a core.  The nodes have no state before settle() or start().
    Nodes(MeanFieldModel model, std::size_t nodes, unsigned threads);
    /// As many copies of a single node's state, or copies of all nodes' states where `nodes` is their number.
    [[nodiscard]] std::unique_ptr<Nodes> copies(std::size_t nodes) const;

    [[nodiscard]] const MeanFieldModel& model() const { return model_; }
    [[nodiscard]] std::size_t size() const { return node_.size(); }
    [[nodiscard]] double time() const { return node_.front().evolution->time(); }

    /// Time 0, everything at the resting fixed point of the external rates.
    void settle(std::span<const double> external_hz);
    /// Time 0, everything settled at these rates.
    void start(std::span<const double> external_hz, std::span<const double> rate_hz);
    /// dt ms on, with external rates that are held.
    void step(double dt, std::span<const double> external_hz);
    /// `steps` times dt ms on.  external_hz [rows * nodes * E]: row i is held from the i-th step's start to its end;
    /// or, `linear`, reached at its start on a straight line from the row before, with one row more than steps. rate_hz
    /// [steps * nodes * P]: at the steps' ends.  pause: called now and then from the calling thread.
    void run(double dt, std::size_t steps, std::span<const double> external_hz, bool linear, std::span<double> rate_hz,
             const std::function<void()>& pause);

    [[nodiscard]] std::vector<double> rates() const;      ///< [nodes * P]
    [[nodiscard]] std::vector<double> adaptation() const; ///< [nodes * P] pA; NaN where there is none
    [[nodiscard]] std::vector<double> state() const;      ///< [nodes * Dynamics::size()]
    /// [nodes * P] whether inputs were outside of the transfer function's domain at the end of a step since time 0.
    [[nodiscard]] std::vector<char> outside() const;
    /// A sentence for each population that left it for the first time since this was asked last.
    [[nodiscard]] std::vector<std::string> new_excursions();
    [[nodiscard]] IntegrationStatistics statistics() const; ///< of all nodes together, since their start or copying

private:
    struct Node {
        std::unique_ptr<Evolution> evolution;
        std::vector<char> outside;                    ///< [P]
        std::vector<std::optional<std::string>> told; ///< [P] where it left the domain first
        std::vector<double> presynaptic;
    };
    void require(std::span<const double> given, std::size_t wanted, const char* what) const;
    void require_state() const;
    void each(const std::function<void(Node&, std::size_t)>& work);
    /// Looks at the domains and gives the rates, at t, within the node's last step.
    void read(Node&, double t, double* rate_hz);

    MeanFieldModel model_;
    std::vector<Node> node_;
    std::vector<bool> announced_; ///< [P]
    unsigned threads_;
    std::unique_ptr<tbb::task_arena> arena_;
};

} // namespace mfm
