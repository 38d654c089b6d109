"""Reads an OGC API by QGIS, as a person does who connects it, in Debian's Python, and prints what it finds as JSON.

    qgis_reader.py PROFILE ADDRESS KEY QUESTIONS

Questions are objects: ``connections`` (a file that is loaded into QGIS), ``collection`` (with ``box``, ``where`` and ``page``), or
``tiles`` (the address of a tile, painted over ``box``).
"""

import json
import os
import sys

from qgis.core import (
    QgsApplication,
    QgsAuthMethodConfig,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsDataSourceUri,
    QgsFeatureRequest,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsOwsConnection,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorTileLayer,
)
from qgis.gui import QgsManageConnectionsDialog
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QDialogButtonBox

DEGREES = QgsCoordinateReferenceSystem("EPSG:4326")


def main(profile, address, key, questions):
    """Print what QGIS finds for each question."""
    application = QgsApplication([], True, profile)
    application.initQgis()
    login = keep_key(key)
    answers = [answer(asked, address, login) for asked in json.loads(questions)]
    print(json.dumps(answers), flush=True)  # noqa: T201 - what the test reads
    # the end of a QGIS that has no window is not worth waiting for: 3.22 crashes in it
    os._exit(0)


def keep_key(key):
    """Keep a key as QGIS keeps passwords, and return the id of the configuration."""
    store = QgsApplication.authManager()
    if not store.setMasterPassword("of this test", True):
        sys.exit("QGIS keeps no passwords here")
    login = QgsAuthMethodConfig("Basic")
    login.setName("luotu")
    login.setConfig("username", "luotu")
    login.setConfig("password", key)
    store.storeAuthenticationConfig(login)
    return login.id()


def answer(asked, address, login):
    """Return what is found for one question."""
    if "connections" in asked:
        return load_connections(asked["connections"])
    if "tiles" in asked:
        return {"painted": painted(asked["tiles"], QgsRectangle(*asked["box"]), login)}
    return read_layer(asked, address, login)


def load_connections(path):
    """Load a file of connections by the dialog that people load it by, and return their addresses by name."""
    dialog = QgsManageConnectionsDialog(
        None, QgsManageConnectionsDialog.Import, QgsManageConnectionsDialog.WFS, str(path)
    )
    dialog.selectAll()
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.Ok).click()
    names = QgsOwsConnection.connectionList("WFS")
    return {name: QgsOwsConnection("WFS", name).uri().param("url") for name in names}


def read_layer(asked, address, login):
    """Return what is in a collection: the layer's CRS and extent, how many features are read, and their codes."""
    source = QgsDataSourceUri()
    source.setParam("url", address)
    source.setParam("typename", asked["collection"])
    source.setParam("pageSize", str(asked.get("page", 1000)))
    source.setParam("restrictToRequestBBOX", "1")
    source.setAuthConfigId(login)
    layer = QgsVectorLayer(source.uri(False), asked["collection"], "OAPIF")
    if not layer.isValid():
        return {"error": layer.error().message()}
    if "where" in asked:
        layer.setSubsetString(asked["where"])
    request = QgsFeatureRequest(QgsRectangle(*asked["box"])) if "box" in asked else QgsFeatureRequest()
    features = list(layer.getFeatures(request))
    extent = layer.extent()
    return {
        "count": len(features),
        "crs": layer.crs().authid(),
        "extent": [extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()],
        "fields": layer.fields().names(),
        "places": [feature.geometry().boundingBox().center().toString(6) for feature in features],
    }


def painted(address, box, login):
    """Return how many pixels of 256 by 256 over a box in degrees QGIS paints from vector tiles."""
    layer = QgsVectorTileLayer(f"type=xyz&url={address}&zmin=0&zmax=18&authcfg={login}", "tiles")
    picture = QgsMapSettings()
    picture.setLayers([layer])
    picture.setDestinationCrs(layer.crs())
    to_plane = QgsCoordinateTransform(DEGREES, layer.crs(), QgsProject.instance())
    picture.setExtent(to_plane.transform(box))
    picture.setOutputSize(QSize(256, 256))
    picture.setBackgroundColor(QColor("white"))
    job = QgsMapRendererSequentialJob(picture)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    white = QColor("white")
    return sum(image.pixelColor(x, y) != white for x in range(256) for y in range(256))


if __name__ == "__main__":
    main(*sys.argv[1:])
