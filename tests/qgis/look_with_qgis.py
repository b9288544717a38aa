"""Run by the Python of QGIS: says as JSON what QGIS makes of rasters, and draws them as PNG.

Usage: look_with_qgis.py REQUEST.json, a list of {"path", "png" (or null), "places": [[x, y], …], "size": pixels}"""

import json
import sys

from qgis.core import (
    QgsApplication,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsPointXY,
    QgsRaster,
    QgsRasterLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor


def seen(request):
    layer = QgsRasterLayer(request["path"], "layer")
    provider = layer.dataProvider()
    bands = range(1, layer.bandCount() + 1)
    settings = settings_of(layer, request["size"])
    image = drawn(settings)
    if request["png"]:
        image.save(request["png"])
    return {
        "valid": layer.isValid(),
        "crs": layer.crs().authid(),
        "bands": [layer.bandName(band) for band in bands],
        "nodata": [provider.sourceHasNoDataValue(band) for band in bands],
        "scale": [provider.bandScale(band) for band in bands],
        "offset": [provider.bandOffset(band) for band in bands],
        "renderer": layer.renderer().type(),
        "legend": [[label, colour.name()] for label, colour in layer.renderer().legendSymbologyItems()],
        "period": period_of(layer),
        "values": [values_at(provider, x, y) for x, y in request["places"]],
        "colours": [colour_at(settings, image, x, y) for x, y in request["places"]],
        **details(layer.renderer()),
    }


def details(renderer):
    if renderer.type() == "paletted":
        classes = [[int(c.value), c.label, c.color.name()] for c in renderer.classes()]
        return {"classes": classes}
    if renderer.type() == "singlebandpseudocolor":
        ramp = renderer.shader().rasterShaderFunction()
        suffix = ramp.legendSettings().suffix() if ramp.legendSettings() else ""
        limits = [renderer.classificationMin(), renderer.classificationMax()]
        return {"limits": limits, "items": len(ramp.colorRampItemList()), "suffix": suffix}
    return {}


def period_of(layer):
    """QGIS takes the time from a style only when it is loaded by hand, not with the file."""
    layer.loadDefaultStyle()
    times = layer.temporalProperties()
    if not times.isActive():
        return None
    period = times.fixedTemporalRange()
    return [end.toString("yyyy-MM-ddTHH:mm:ss") for end in (period.begin(), period.end())]


def values_at(provider, x, y):
    """Of every band; null = nodata."""
    return list(provider.identify(QgsPointXY(x, y), QgsRaster.IdentifyFormatValue).results().values())


def settings_of(layer, size):
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setExtent(layer.extent())
    settings.setOutputSize(QSize(*size))
    settings.setBackgroundColor(QColor(0, 0, 0, 0))
    return settings


def drawn(settings):
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    del job
    return image


def colour_at(settings, image, x, y):
    place = settings.mapToPixel().transform(QgsPointXY(x, y))
    colour = image.pixelColor(int(place.x()), int(place.y()))
    return [colour.name(), colour.alpha()]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        requests = json.load(file)
    application = QgsApplication([], False)
    application.initQgis()
    found = [seen(request) for request in requests]
    application.exitQgis()  # every layer and job is gone by now: QGIS would crash at exit otherwise
    sys.stdout.write(json.dumps(found) + "\n")


main()
