"""The kinds of panels that both dashboards are made of, so that they look and behave alike.

Nothing here knows what is measured. Types are the SDK's; it checks nothing when it runs, so mypy is the check.
"""

from __future__ import annotations

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BigValueColorMode,
    BigValueGraphMode,
    GraphDrawStyle,
    GraphTresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
    VariableSort,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE = DataSourceRef(type_val="prometheus", uid="${source}")
GREEN, YELLOW, RED = "green", "yellow", "red"
TAG = "slawatch"

Steps = dict[float, str]
"""Colours by the value from which they hold; below the least of them it is the first of `steps`."""


def steps(base: str, above: Steps) -> dashboard.ThresholdsConfig:
    """Colours of a value: `base`, and others from some value on."""
    found = [Threshold(value=None, color=base), *(Threshold(value, color) for value, color in above.items())]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(found)


def query(expr: str, legend: str = "", *, ref: str = "A", instant: bool = False) -> prometheus.Dataquery:
    """One expression; `instant` asks for the present value instead of a range."""
    found = prometheus.Dataquery().datasource(SOURCE).expr(expr).legend_format(legend or "__auto").ref_id(ref)
    return found.instant().format(PromQueryFormat.TABLE) if instant else found.range()


def number(
    title: str,
    expr: str,
    help_: str,
    *,
    unit: str = "short",
    base: str = GREEN,
    above: Steps | None = None,
    width: int = 4,
) -> stat.Panel:
    """One figure, coloured by how bad it is."""
    panel = stat.Panel().title(title).description(help_).datasource(SOURCE).unit(unit).height(4).span(width)
    panel = panel.color_mode(BigValueColorMode.BACKGROUND if above else BigValueColorMode.VALUE)
    panel = panel.graph_mode(BigValueGraphMode.AREA).thresholds(steps(base, above or {}))
    return panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"])).with_target(query(expr))


def lines(
    title: str,
    help_: str,
    *queries: tuple[str, str],
    unit: str = "short",
    width: int = 12,
    stacked: bool = False,
    bars: bool = False,
    limit: float | None = None,
) -> timeseries.Panel:
    """Expressions with their legends over time; `limit` draws a line at what must not be passed."""
    panel = timeseries.Panel().title(title).description(help_).datasource(SOURCE).unit(unit).height(8).span(width)
    panel = panel.tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    panel = panel.legend(
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
    )
    panel = panel.draw_style(GraphDrawStyle.BARS if bars else GraphDrawStyle.LINE).fill_opacity(60 if bars else 10)
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    if limit is not None:
        panel = panel.thresholds(steps("transparent", {limit: RED}))
        panel = panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(GraphTresholdsStyleMode.LINE))
    for ref, (expr, legend) in zip("ABCDEFGH", queries, strict=False):
        panel = panel.with_target(query(expr, legend, ref=ref))
    return panel


def ranking(
    title: str, expr: str, legend: str, help_: str, *, unit: str, base: str, above: Steps, width: int = 12
) -> bargauge.Panel:
    """A bar for each of a few things."""
    panel = bargauge.Panel().title(title).description(help_).datasource(SOURCE).unit(unit).height(10).span(width)
    panel = (
        panel.orientation(VizOrientation.HORIZONTAL)
        .display_mode(BarGaugeDisplayMode.BASIC)
        .thresholds(steps(base, above))
    )
    target = query(expr, legend, instant=True).format(PromQueryFormat.TIME_SERIES)
    return panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"])).with_target(target)


def grid(
    title: str,
    help_: str,
    columns: dict[str, tuple[str, str]],
    *,
    sort_by: str | None = None,
    colours: dict[str, dashboard.ThresholdsConfig] | None = None,
    hidden: tuple[str, ...] = (),
    width: int = 12,
    height: int = 10,
) -> table.Panel:
    """A table: a column for each label, and one for each expression (`columns`: name to expression and unit)."""
    panel = table.Panel().title(title).description(help_).datasource(SOURCE).height(height).span(width)
    renamed, refs = {}, dict(zip("ABCDEFGH", columns, strict=False))
    for ref, name in refs.items():
        expr, unit = columns[name]
        panel = panel.with_target(query(expr, ref=ref, instant=True))
        renamed["Value" if len(columns) == 1 else f"Value #{ref}"] = name
        properties = [DynamicConfigValue("unit", unit)]
        if colours and name in colours:
            properties.append(DynamicConfigValue("thresholds", colours[name].build()))
            properties.append(DynamicConfigValue("custom.cellOptions", {"type": "color-background"}))
        panel = panel.override_by_name(name, properties)
    panel = panel.with_transformation(DataTransformerConfig("merge", options={}))
    organised = {"excludeByName": dict.fromkeys(("Time", "__name__", *hidden), True), "renameByName": renamed}
    panel = panel.with_transformation(DataTransformerConfig("organize", options=organised))
    if sort_by is not None:
        panel = panel.sort_by([common.TableSortByFieldState().display_name(sort_by).desc(False)])
    return panel


def board(uid: str, title: str, help_: str, *, span: str, refresh: str = "30s") -> dashboard.Dashboard:
    """An empty dashboard with a choice of data source and installation, that links to its companions."""
    link = dashboard.DashboardLink("slawatch").type(DashboardLinkType.DASHBOARDS).tags([TAG]).keep_time(True)
    found = dashboard.Dashboard(title).uid(uid).description(help_).tags([TAG]).readonly().timezone("browser")
    found = found.refresh(refresh).time(span, "now").tooltip(DashboardCursorSync.CROSSHAIR).link(link)
    found = found.with_variable(dashboard.DatasourceVariable("source").label("data source").type("prometheus"))
    return found.with_variable(choice("job", "installation", "label_values(slawatch_build_info, job)"))


def choice(name: str, label: str, values: str, *, many: bool = False) -> dashboard.QueryVariable:
    """A variable with the values of a label; `many` may be all, which is the default then."""
    found = dashboard.QueryVariable(name).label(label).datasource(SOURCE).query(values)
    found = found.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)
    if not many:
        return found
    every = VariableOption(selected=True, text=["All"], value=["$__all"])
    return found.multi(True).include_all(True).all_value(".*").current(every)
