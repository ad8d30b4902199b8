#include "translator/a64/cpu.hpp"

#include <algorithm>
#include <optional>

namespace pydbt::a64 {
namespace {

constexpr std::string_view kMaxAlias = "any";

const CpuModel* find_model(std::string_view name) {
    if (name == kMaxAlias) return &kCpuModels[0];
    for (const CpuModel& model : kCpuModels) {
        if (name == model.name) return &model;
    }
    return nullptr;
}

const FeatureInfo* find_feature(std::string_view option) {
    for (const FeatureInfo& row : kFeatures) {
        if (option == row.option) return &row;
    }
    return nullptr;
}

// Names in lines of less than 80 columns.
class NameList {
   public:
    explicit NameList(const char* title) : text_(title) { column_ = text_.size(); }
    void add(std::string_view name) {
        constexpr size_t kWidth = 80;
        if (column_ + 1 + name.size() >= kWidth) {
            text_ += "\n   ";
            column_ = 3;
        }
        text_ += ' ';
        text_ += name;
        column_ += 1 + name.size();
    }
    std::string text() const { return text_ + "\n"; }

   private:
    std::string text_;
    size_t column_;
};

std::string help_line(std::string_view name, std::string_view doc) {
    constexpr size_t kColumn = 16;
    std::string text = "  " + std::string(name);
    text.resize(std::max(kColumn, text.size() + 1), ' ');
    return text + std::string(doc) + "\n";
}

std::string known_models() {
    NameList list("Models:");
    for (const CpuModel& model : kCpuModels) list.add(model.name);
    list.add(kMaxAlias);
    return list.text();
}

std::string known_features() {
    NameList list("Features:");
    for (const FeatureInfo& row : kFeatures) list.add(row.option);
    return list.text();
}

// What the words after the model say of each feature.
using Wishes = std::optional<bool>[kFeatureCount];

bool parse_feature(std::string_view word, Wishes& wishes, CpuError& error) {
    size_t equals = word.find('=');
    std::string_view name = word.substr(0, equals);
    std::string_view value = equals == word.npos ? "" : word.substr(equals + 1);
    const FeatureInfo* row = find_feature(name);
    if (row == nullptr) {
        error = {"unknown feature " + std::string(name), known_features()};
        return false;
    }
    if (value != "on" && value != "off") {
        error = {std::string(word) + " is not NAME=on|off", ""};
        return false;
    }
    wishes[static_cast<size_t>(row->feature)] = value == "on";
    return true;
}

// Leaves one member of the group: the wanted one, else the model's, else the last.
bool choose(const FeatureGroup& group, const Wishes& wishes, Features& features, CpuError& error) {
    Features members(group.any);
    const FeatureInfo* wanted = nullptr;
    Feature chosen = group.last;
    for (const FeatureInfo& row : kFeatures) {
        std::optional<bool> wish = wishes[static_cast<size_t>(row.feature)];
        if (!members.has(row.feature)) continue;
        if (wanted != nullptr && wish.value_or(false)) {
            error = {
                std::string(row.option) + "=on and " + wanted->option + "=on exclude each other",
                ""};
            return false;
        }
        if (wish.value_or(false)) wanted = &row;
        if (features.has(row.feature) && wish.value_or(true)) chosen = row.feature;
    }
    if (wanted != nullptr) chosen = wanted->feature;
    for (const FeatureInfo& row : kFeatures) {
        if (members.has(row.feature)) features.remove(row.feature);
    }
    Features needed(kFeatures[static_cast<size_t>(chosen)].required);
    bool has_all = true;
    for (const FeatureInfo& row : kFeatures) {
        has_all &= !needed.has(row.feature) || features.has(row.feature);
    }
    if (!has_all) return true;
    if (!wishes[static_cast<size_t>(chosen)].value_or(true)) {
        error = {std::string(kFeatures[static_cast<size_t>(chosen)].option) +
                     "=off leaves none of its alternatives",
                 ""};
        return false;
    }
    features.add(chosen);
    return true;
}

bool apply(const Wishes& wishes, Features& features, CpuError& error) {
    for (const FeatureInfo& row : kFeatures) {
        Features required(row.required);
        bool on = wishes[static_cast<size_t>(row.feature)].value_or(false);
        if (on) features.add(row.feature);
        for (const FeatureInfo& other : kFeatures) {
            if (!on || !required.has(other.feature)) continue;
            if (!wishes[static_cast<size_t>(other.feature)].value_or(true)) {
                error = {std::string(row.option) + "=on needs " + other.option + ", which is off",
                         ""};
                return false;
            }
            features.add(other.feature);
        }
    }
    for (const FeatureGroup& group : kAlternatives) {
        if (!choose(group, wishes, features, error)) return false;
    }
    for (const FeatureInfo& row : kFeatures) {
        Features required(row.required);
        required.add(row.feature);
        for (size_t n = 0; n < kFeatureCount; n++) {
            bool off = !wishes[n].value_or(true);
            if (off && required.has(static_cast<Feature>(n))) features.remove(row.feature);
        }
    }
    return true;
}

}  // namespace

bool Cpu::select(std::string_view text, CpuError& error) {
    size_t comma = text.find(',');
    std::string_view name = text.substr(0, comma);
    const CpuModel* model = find_model(name);
    if (model == nullptr) {
        error = {"unknown model " + std::string(name), known_models()};
        return false;
    }
    Wishes wishes;
    while (comma != text.npos) {
        text = text.substr(comma + 1);
        comma = text.find(',');
        if (!parse_feature(text.substr(0, comma), wishes, error)) return false;
    }
    Features features(model->features);
    if (!apply(wishes, features, error)) return false;
    model_ = model;
    features_ = features;
    return true;
}

void Cpu::remove(Feature feature) {
    for (const FeatureInfo& row : kFeatures) {
        if (row.feature == feature || Features(row.required).has(feature)) {
            features_.remove(row.feature);
        }
    }
}

std::string Cpu::help() const {
    std::string text = std::string(model_->name) + ": " + model_->doc + "\n";
    for (const FeatureInfo& row : kFeatures) {
        if (features_.has(row.feature)) text += help_line(row.option, row.doc);
    }
    if (*model_->lacks != 0) {
        NameList list("Not implemented:");
        for (std::string_view rest = model_->lacks; !rest.empty();) {
            size_t end = std::min(rest.find(' '), rest.size());
            list.add(rest.substr(0, end));
            rest = rest.substr(std::min(end + 1, rest.size()));
        }
        text += list.text();
    }
    return text;
}

uint64_t Cpu::id_register(uint32_t id) const {
    constexpr uint64_t kMask = (1 << kIdFieldBits) - 1;
    uint64_t value = 0;
    auto set = [&](const IdValue& field) {
        if (field.id != id) return;
        value = (value & ~(kMask << field.lsb)) | uint64_t{field.value} << field.lsb;
    };
    for (const IdValue& field : kAbsentFields) set(field);
    for (const IdValue& field : model_->fields) set(field);
    for (const FeatureField& row : kFeatureFields) {
        if (features_.has(row.feature) && features_.has(row.too)) set(row.value);
    }
    return value;
}

std::string cpu_help() {
    std::string text = "CPU models:\n";
    for (const CpuModel& model : kCpuModels) text += help_line(model.name, model.doc);
    text += help_line(kMaxAlias, "the same as max");
    text += "Features (`-cpu MODEL,FEATURE=on|off`; `-cpu MODEL,help` lists a model's):\n";
    for (const FeatureInfo& row : kFeatures) text += help_line(row.option, row.doc);
    return text;
}

}  // namespace pydbt::a64
