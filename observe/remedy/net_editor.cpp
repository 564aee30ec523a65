#include "gradus/observe/remedy/net_editor.h"

#include <algorithm>
#include <typeinfo>

#include "gradus/tensor/context.h"

namespace gradus::observe {
namespace {

/// A new module is in the mode of those around it.
void take_mode(const nn::Module& list, const nn::AnyModule& module) {
  if (!list.is_training()) (*module).eval();
}

}  // namespace

NetEditor::NetEditor(nn::Module& net, const Tensor& input)
    : net_(net), trace_(observe::trace(net, input, context.at)), names_(net.named_modules()) {
  for (auto& [name, module] : names_) {
    if (typeid(module) == typeid(nn::Sequential)) {
      lists_.push_back(&static_cast<nn::Sequential&>(module));
    }
  }
}

Place NetEditor::find(const nn::Module& module) const {
  for (nn::Sequential* list : lists_) {
    for (std::int64_t i = 0; i < list->size(); ++i) {
      if ((*list)[i].is_same(module)) return {list, i};
    }
  }
  return {};
}

Place NetEditor::require(const nn::Module& module) const {
  const Place place = find(module);
  if (place.list == nullptr) {
    throw NotApplicable(
        fmt::format("{} '{}' stands in no nn::Sequential, where it could be changed",
                    module.type_name(), name_of(module)));
  }
  return place;
}

bool NetEditor::makes_output(const nn::Module& module) const {
  for (const TracedOp& op : trace_.end.ops) {
    if (op.module != nullptr && op.module->is_same(module)) return true;
  }
  for (std::size_t i = 0; i < trace_.layers.size(); ++i) {
    if (!trace_.layers[i].module->is_same(module)) continue;
    const std::vector<std::size_t> consumers = trace_.consumers(i);
    if (consumers.size() == 1 && consumers[0] == trace_.layers.size()) return true;
  }
  return false;
}

const TracedOp* NetEditor::last_op() const {
  const auto& ops = trace_.end.ops;
  const auto last = std::find_if(ops.rbegin(), ops.rend(),
                                 [](const TracedOp& op) { return op.kind != OpKind::Shape; });
  return last == ops.rend() ? nullptr : &*last;
}

void NetEditor::insert(const Place& place, const nn::AnyModule& module) {
  take_mode(*place.list, module);
  place.list->insert(place.index, module);
}

void NetEditor::replace(const Place& place, const nn::AnyModule& module) {
  take_mode(*place.list, module);
  removed_.push_back(place.list->replace(place.index, module));
}

nn::AnyModule NetEditor::erase(const Place& place) {
  removed_.push_back(place.list->erase(place.index));
  return removed_.back();
}

std::string NetEditor::name_of(const nn::Module& module) const {
  for (const auto& [name, known] : names_) {
    if (known.is_same(module)) return name;
  }
  return module.path();
}

void NetEditor::note(const nn::Module& module, const std::string& change) {
  auto same = std::ranges::find(changes_, change, &Change::what);
  if (same == changes_.end()) same = changes_.insert(same, {change, {}});
  same->where.push_back(fmt::format("'{}'", name_of(module)));
}

std::vector<std::string> NetEditor::lines() const {
  std::vector<std::string> lines;
  for (const auto& [what, where] : changes_) {
    if (where.empty()) {
      lines.push_back(what);
      continue;
    }
    const std::size_t count = where.size(), shown = count > 4 ? 3 : count;
    std::string names = where[0];
    for (std::size_t i = 1; i < shown; ++i) names += (i + 1 == count ? " and " : ", ") + where[i];
    if (shown < count) names += fmt::format(" and {} more", count - shown);
    lines.push_back(fmt::format("{} {}: {}", count == 1 ? "layer" : "layers", names, what));
  }
  return lines;
}

}  // namespace gradus::observe
