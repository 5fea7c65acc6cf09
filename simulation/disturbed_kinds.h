#pragma once
// The kinds of a registry as a world has them: sources and steps that are slow now and then, sources without an end
// that are cut, and in place of every sink one that stages rows in the world and shows them at the commit.

#include <memory>

#include "op/registry.h"
#include "simulation/world.h"

namespace klein::simulation {

/// `world` outlives the registry, which outlives the jobs that use it. `rows`: where a source without an end is cut.
std::unique_ptr<Registry> disturbed(const Registry& registry, World& world, std::int64_t rows);

/// A sink's kind under this name whose rows are the world's to show.
SinkKind staging_sink(const SinkKind& kind, World& world);

/// A source as the world reads it.
std::unique_ptr<Source> disturbed(std::unique_ptr<Source> source, World& world, std::int64_t rows);

}  // namespace klein::simulation
