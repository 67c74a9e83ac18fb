// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "output/stage_time.hpp"
#include "output/store.hpp"
#include "support/progress.hpp"

namespace mfm {

/// The stages of a derivation, in order.
inline const std::vector<std::string> stage_names = {"build", "simulate", "remap",    "sample",
                                                     "fit",   "solve",    "validate", "export"};

/// What a stage does, in the user's words: "sampling the transfer functions".
[[nodiscard]] std::string stage_work(const std::string& stage);
/// Its place in a series of `of` stages, the first of which are those of a derivation.
[[nodiscard]] StagePlace stage_place(const std::string& stage, const std::string& variant,
                                     std::size_t of = stage_names.size());

/// CPU seconds of this process so far, all threads.
[[nodiscard]] double process_cpu_seconds();

/// Runs stages, or takes their results from an earlier run with the same inputs, and keeps the time of each.
class StageRunner {
public:
    /// only / from: as on the command line; throws InputError for a name that is no stage.  variant: whose stages these
    /// are, for progress; of: how many stages there are to come.
    StageRunner(std::filesystem::path folder, std::string only, std::string from, Progress&, std::string variant = {},
                std::size_t of = stage_names.size());

    /// The value of a stage that is kept in `file` under `hash`: loaded where it is there and may be used, else
    /// computed and saved.
    template <class Value>
    Value run(const std::string& stage, const std::string& file, const std::string& hash,
              const std::function<Value()>& compute,
              const std::function<void(const std::filesystem::path&, const Value&)>& save,
              const std::function<Value(const std::filesystem::path&)>& load) {
        const std::filesystem::path path = folder_ / file;
        begin(stage);
        if (may_reuse(stage, path, hash)) {
            try {
                const Clock clock;
                Value value = load(path);
                finish(stage, clock, true);
                return value;
            } catch (const InputError& error) {
                if (is_only_another(stage)) throw;
                progress_.warn(std::string(error.what()) + "; the stage " + stage + " runs again");
            }
        }
        require_allowed(stage, path);
        const Clock clock;
        Value value = compute();
        save(path, value);
        finish(stage, clock, false);
        return value;
    }
    /// A stage whose value a variant takes over from its base, whose file is at `from`: kept in this folder, too.
    void take_over(const std::string& stage, const std::string& file, const std::filesystem::path& from);
    /// A stage whose result is not kept.
    void run(const std::string& stage, const std::function<void()>& compute);
    /// True when nothing after this stage is wanted (--only).
    [[nodiscard]] bool done_after(const std::string& stage) const { return only_ == stage; }
    [[nodiscard]] const std::vector<StageTime>& times() const { return times_; }

private:
    struct Clock {
        std::chrono::steady_clock::time_point wall = std::chrono::steady_clock::now();
        double cpu = process_cpu_seconds();
    };
    [[nodiscard]] bool may_reuse(const std::string& stage, const std::filesystem::path&, const std::string& hash) const;
    [[nodiscard]] bool is_only_another(const std::string& stage) const { return !only_.empty() && only_ != stage; }
    void require_allowed(const std::string& stage, const std::filesystem::path&) const;
    void begin(const std::string& stage);
    void finish(const std::string& stage, const Clock&, bool cached);

    std::filesystem::path folder_;
    std::string only_, from_;
    Progress& progress_;
    std::string variant_;
    std::size_t of_;
    std::vector<StageTime> times_;
};

} // namespace mfm
