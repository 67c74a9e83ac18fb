// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <sstream>
#include <thread>

#include <Eigen/Core>
#include <H5public.h>
#include <boost/version.hpp>
#include <fmt/format.h>
#include <mfm/lanes.hpp>
#include <nlohmann/json.hpp>
#include <sundials/sundials_version.h>
#include <tbb/version.h>
#include <toml++/toml.h>

#include "app/command.hpp"
#include "app/features.hpp"
#include "plugin/registry.hpp"
#include "support/version.hpp"

namespace mfm {
namespace {

/// True when a program of this name is on PATH.
bool is_on_path(const std::string& program) {
    const char* path = std::getenv("PATH");
    std::istringstream folders(path == nullptr ? "" : path);
    for (std::string folder; std::getline(folders, folder, ':');) {
        std::error_code failure;
        if (std::filesystem::exists(std::filesystem::path(folder) / program, failure)) return true;
    }
    return false;
}

std::string library_versions() {
    char sundials[16] = "";
    SUNDIALSGetVersion(sundials, sizeof sundials);
    return fmt::format("Boost {}.{}.{}, Eigen {}.{}.{}, fmt {}.{}.{}, HDF5 {}.{}.{}, JSON {}.{}.{}, SUNDIALS {}, "
                       "TBB {}.{}, toml++ {}.{}.{}",
                       BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100, EIGEN_WORLD_VERSION,
                       EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION, FMT_VERSION / 10000, FMT_VERSION / 100 % 100,
                       FMT_VERSION % 100, H5_VERS_MAJOR, H5_VERS_MINOR, H5_VERS_RELEASE, NLOHMANN_JSON_VERSION_MAJOR,
                       NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH, sundials, TBB_VERSION_MAJOR,
                       TBB_VERSION_MINOR, TOML_LIB_MAJOR, TOML_LIB_MINOR, TOML_LIB_PATCH);
}

/// What is wrong here, and what to do about it; nothing when all is well.
std::vector<std::string> complaints(const Registry& registry) {
    std::vector<std::string> out;
    if (registry.components().empty())
        out.push_back("no plugin was found, so that nothing can be derived; give the folder of automfm's own plugins "
                      "with --plugin-path or in MFM_PLUGIN_PATH");
    for (const RefusedPlugin& refused : registry.refused())
        out.push_back(fmt::format("{} was refused: {}", refused.file, refused.reason));
    if (!is_on_path("gnuplot"))
        out.push_back("gnuplot is not on PATH, so that runs leave the scripts of their figures, but no figures; "
                      "install gnuplot-nox");
    return out;
}

} // namespace

std::string feature_text() {
#if defined(__clang__)
    const std::string compiler = "clang " __clang_version__;
#else
    const std::string compiler = "gcc " __VERSION__;
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    const char* kind = "with a sanitizer";
#elif defined(__OPTIMIZE__)
    const char* kind = "optimised";
#else
    const char* kind = "not optimised";
#endif
    return fmt::format("plugin ABI  {}.{}\ncompiler    {}, {}\nlibraries   {}\n", MFM_ABI_MAJOR, MFM_ABI_MINOR,
                       compiler, kind, library_versions());
}

Command add_doctor(CLI::App& tool) {
    const auto folders = std::make_shared<std::vector<std::string>>();
    CLI::App& doctor =
        *tool.add_subcommand("doctor", "What this automfm is made of and finds here, and what is wrong with it");
    add_plugin_path(doctor, *folders);
    return {&doctor, [folders] {
                const Registry registry(plugin_search_path(as_paths(*folders)));
                fmt::print("automfm     {}\n{}vectors     {} numbers a block (MFM_LANES=2|8|16 asks for fewer)\n"
                           "threads     {}\ngnuplot     {}\nplugins     {}\n",
                           automfm_version(), feature_text(), vector_lanes(), std::thread::hardware_concurrency(),
                           is_on_path("gnuplot") ? "found" : "not found", registry.components().size());
                for (const auto& folder : registry.folders()) fmt::print("  from      {}\n", folder.string());
                const std::vector<std::string> wrong = complaints(registry);
                for (const std::string& complaint : wrong) fmt::print("wrong       {}\n", complaint);
                if (wrong.empty()) fmt::print("nothing is wrong\n");
                return registry.components().empty() ? ExitCode::BadInput : ExitCode::Done;
            }};
}

} // namespace mfm
