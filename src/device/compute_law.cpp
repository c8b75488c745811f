// SPDX-License-Identifier: Apache-2.0
#include "device/compute_law.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "core/check.hpp"

namespace mobi {
namespace {

// Terms of the law.
enum Term { Rate, Launches, StartUp };
constexpr int kTerms = 3;

using Terms = std::vector<Term>;
using Points = std::vector<MeasuredPoint>;

const std::vector<Terms>& candidates() {
    static const std::vector<Terms> all{
        {Rate}, {Rate, Launches}, {Rate, StartUp}, {Rate, Launches, StartUp}};
    return all;
}

/// What the point adds to the time for a unit of the term, as a share of the time measured.
double entry(const MeasuredPoint& point, Term term) {
    switch (term) {
        case Rate:
            return point.flop / point.time_s;
        case Launches:
            return point.launches / point.time_s;
        case StartUp:
            return 1 / point.time_s;
    }
    return 0;
}

double product(const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// a -= factor * b
void subtract(std::vector<double>& a, double factor, const std::vector<double>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] -= factor * b[i];
}

/// Least squares of `columns` x = 1 by Gram-Schmidt, each step twice; nothing when a column
/// depends on those before it.
std::optional<std::vector<double>> solve(std::vector<std::vector<double>> columns) {
    constexpr double kDependent = 1e-6;  // share of a column that is left
    const std::size_t count = columns.size();
    std::vector<std::vector<double>> factors(count, std::vector<double>(count));
    std::vector<double> lengths(count);
    for (std::size_t j = 0; j < count; ++j) {
        const double whole = std::sqrt(product(columns[j], columns[j]));
        for (int pass = 0; pass < 2; ++pass)
            for (std::size_t i = 0; i < j; ++i) {
                const double factor = product(columns[i], columns[j]);
                factors[i][j] += factor;
                subtract(columns[j], factor, columns[i]);
            }
        lengths[j] = std::sqrt(product(columns[j], columns[j]));
        if (!(lengths[j] > kDependent * whole)) return std::nullopt;
        for (double& value : columns[j]) value /= lengths[j];
    }
    std::vector<double> rest(columns.front().size(), 1.0);
    std::vector<double> x(count);
    for (std::size_t j = 0; j < count; ++j) {
        x[j] = product(columns[j], rest);
        subtract(rest, x[j], columns[j]);
    }
    for (std::size_t j = count; j-- > 0;) {
        for (std::size_t i = j + 1; i < count; ++i) x[j] -= factors[j][i] * x[i];
        x[j] /= lengths[j];
    }
    return x;
}

/// The law of these terms; nothing when the points do not determine it, or only with a negative
/// parameter.
std::optional<ComputeLaw> law_of(const Points& points, const Terms& terms) {
    if (terms.size() > points.size()) return std::nullopt;
    std::vector<std::vector<double>> columns;
    for (const Term term : terms) {
        std::vector<double> column;
        for (const MeasuredPoint& point : points) column.push_back(entry(point, term));
        columns.push_back(std::move(column));
    }
    const auto x = solve(std::move(columns));
    if (!x || std::any_of(x->begin(), x->end(),
                          [](double value) { return !(value > 0) || std::isinf(1 / value); }))
        return std::nullopt;
    std::array<double, kTerms> found{};
    for (std::size_t i = 0; i < terms.size(); ++i) found[terms[i]] = (*x)[i];
    return ComputeLaw{found[StartUp], found[Launches], 1 / found[Rate]};
}

double error_of(const ComputeLaw& law, const MeasuredPoint& point) {
    return law.seconds(point.flop, point.launches) / point.time_s - 1;
}

Points without(const Points& points, std::size_t one) {
    Points others = points;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(one));
    return others;
}

/// Sum of squared errors when each point is predicted from the others with these terms.
double prediction_error(const Points& points, const Terms& terms) {
    double sum = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
        const auto law = law_of(without(points, i), terms);
        if (!law) return std::numeric_limits<double>::infinity();
        const double error = error_of(*law, points[i]);
        sum += error * error;
    }
    return sum;
}

struct Choice {
    Terms terms;
    ComputeLaw law;
};

/// Points in an order that does not depend on how they were given.
Points sorted(std::span<const MeasuredPoint> points) {
    Points list(points.begin(), points.end());
    const auto key = [](const MeasuredPoint& point) {
        return std::tie(point.flop, point.launches, point.time_s, point.weight_bytes);
    };
    std::sort(list.begin(), list.end(),
              [&](const MeasuredPoint& a, const MeasuredPoint& b) { return key(a) < key(b); });
    return list;
}

Choice choose(const Points& points) {
    const Terms rate_alone{Rate};
    auto plain = law_of(points, rate_alone);
    MOBI_CHECK(plain.has_value(), "every point has work and time");
    Choice best{rate_alone, *plain};
    if (points.size() == 1) return best;
    constexpr double kBetter = 0.99;  // by less a further parameter is not worth it
    constexpr double kExact = 1e-12;
    double least = prediction_error(points, rate_alone);
    for (const Terms& terms : candidates()) {
        if (terms.size() + 1 > points.size()) continue;
        const auto law = law_of(points, terms);
        if (!law) continue;
        const double error = prediction_error(points, terms);
        if (error >= kBetter * least - kExact) continue;
        least = error;
        best = {terms, *law};
    }
    return best;
}

bool has(const Terms& terms, Term term) {
    return std::find(terms.begin(), terms.end(), term) != terms.end();
}

std::string remark_of(const Points& points, const Terms& terms) {
    if (points.size() == 1) return "a plain rate: one point tells no more";
    if (points.size() == 2) return "a plain rate: two points would not check a further parameter";
    std::string text = "rate";
    if (has(terms, Launches)) text += ", launches";
    if (has(terms, StartUp)) text += ", start-up";
    const bool same = std::all_of(points.begin(), points.end(), [&](const MeasuredPoint& one) {
        return one.launches == points.front().launches;
    });
    if (same && has(terms, Launches))
        text += "; start-up cannot be told from launches: all points have as many";
    if (terms.size() == 1) text += "; start-up and launches would not predict better";
    return text;
}

}  // namespace

LawFit fit_law(std::span<const MeasuredPoint> points) {
    MOBI_CHECK(!points.empty(), "a law needs a point");
    const Points list = sorted(points);
    for (const MeasuredPoint& point : list)
        MOBI_CHECK(point.flop > 0 && point.time_s > 0, "point of {} FLOP in {} s", point.flop,
                   point.time_s);
    const Choice choice = choose(list);
    LawFit fit{choice.law, {}, remark_of(list, choice.terms)};
    for (const MeasuredPoint& point : points) fit.residuals.push_back(error_of(choice.law, point));
    return fit;
}

std::vector<double> leave_one_out(std::span<const MeasuredPoint> points) {
    std::vector<double> errors;
    if (points.size() < 2) return errors;
    const Points all(points.begin(), points.end());
    for (std::size_t i = 0; i < all.size(); ++i)
        errors.push_back(error_of(fit_law(without(all, i)).law, all[i]));
    return errors;
}

ErrorSummary summarise(std::span<const double> errors) {
    std::vector<double> sizes;
    for (const double error : errors) sizes.push_back(std::abs(error));
    std::sort(sizes.begin(), sizes.end());
    const auto quantile = [&](double share) {
        if (sizes.empty()) return std::numeric_limits<double>::quiet_NaN();
        const double place = share * static_cast<double>(sizes.size() - 1);
        const auto below = static_cast<std::size_t>(place);
        const std::size_t above = std::min(below + 1, sizes.size() - 1);
        return sizes[below] + (place - std::floor(place)) * (sizes[above] - sizes[below]);
    };
    return {sizes.size(), quantile(0.5), quantile(0.9)};
}

}  // namespace mobi
