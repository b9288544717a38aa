// The area map: coastlines, footprints of the data at hand, and areas that are drawn, edited and chosen.
// The app calls areaMap.*; what the user does goes to host.said(name, JSON).
"use strict";

window.areaMap = (function () {
  var map, host, colours = {}, background = null;
  var lines, graticule, quicklooks, footprints, areas;
  var tool = null, chosen = -1, given = {footprints: [], areas: []};

  var BACKGROUNDS = {
    osm: ["https://tile.openstreetmap.org/{z}/{x}/{y}.png", {
      maxZoom: 19,
      attribution: '&copy; <a href="https://www.openstreetmap.org/copyright">OpenStreetMap</a> contributors'
    }],
    s2cloudless: ["https://tiles.maps.eox.at/wmts/1.0.0/s2cloudless-2020_3857/default/g/{z}/{y}/{x}.jpg", {
      maxZoom: 17,
      attribution: '<a href="https://s2maps.eu">Sentinel-2 cloudless</a> by EOX IT Services GmbH ' +
        "(contains modified Copernicus Sentinel data 2020), CC BY-NC-SA 4.0"
    }]
  };

  function say(name, value) {
    if (host) { host.said(name, JSON.stringify(value === undefined ? null : value)); }
  }

  function start(leafletMap) {
    map = leafletMap;
    map.attributionControl.setPrefix("");
    map.zoomControl.setPosition("topright");
    L.control.scale({imperial: false}).addTo(map);
    map.createPane("ground").style.zIndex = 250;
    lines = L.geoJSON(window.outlines, {pane: "ground", interactive: false, style: {opacity: 0}}).addTo(map);
    graticule = L.layerGroup().addTo(map);
    quicklooks = L.layerGroup().addTo(map);
    footprints = L.featureGroup().addTo(map);
    areas = L.featureGroup().addTo(map);
    map.on("moveend", drawGraticule);
    map.on("moveend", function () { say("looked", [map.getCenter().lat, map.getCenter().lng, map.getZoom()]); });
    map.on("mousemove", function (e) {
      say("at", [e.latlng.lng, e.latlng.lat]);
      if (tool) { saySize(drawnSoFar(e.latlng)); }
    });
    map.on("mouseout", function () { say("at", null); });
    map.on(L.Draw.Event.CREATED, created);
    map.on("draw:drawstop", function () { tool = null; say("stopped"); });
    map.attributionControl.addAttribution("Outlines: Natural Earth");
    new QWebChannel(qt.webChannelTransport, function (channel) {
      host = channel.objects.host;
      drawGraticule();
      say("ready");
    });
  }

  function rings(layer) {
    return layer.getLatLngs().map(function (ring) {
      return ring.map(function (p) { return [p.lng, p.lat]; });
    });
  }

  function corners(layer) { return rings(layer)[0]; }

  // live, while a shape is drawn or one of its corners dragged: outer edge and holes, in square kilometres
  function saySize(edges) {
    var sizes = edges.map(function (edge) { return L.GeometryUtil.geodesicArea(edge) / 1e6; });
    say("size", sizes.length ? sizes.slice(1).reduce(function (left, hole) { return left - hole; }, sizes[0]) : null);
  }

  function drawnSoFar(mouse) {
    if (tool._shape) { return L.rectangle(L.latLngBounds(tool._startLatLng, mouse)).getLatLngs(); }
    var placed = tool._poly ? tool._poly.getLatLngs() : [];
    return placed.length > 1 ? [placed.concat([mouse])] : [];
  }

  function created(e) {
    say("drawn", {corners: corners(e.layer), rectangle: e.layerType === "rectangle"});
  }

  function draw(kind) {
    if (tool) { tool.disable(); tool = null; }
    saySize([]);
    if (!kind) { return; }
    var options = {shapeOptions: {color: colours.selection, weight: 2, fillOpacity: 0.1}};
    options.showArea = false;
    options.metric = true;
    tool = kind === "rectangle" ? new L.Draw.Rectangle(map, options) : new L.Draw.Polygon(map, options);
    tool.enable();
  }

  function step(span) {
    var steps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];
    for (var i = 0; i < steps.length; i++) { if (span / steps[i] <= 8) { return steps[i]; } }
    return 30;
  }

  function told(value, by, positive, negative) {
    var digits = by < 0.01 ? 3 : by < 0.1 ? 2 : by < 1 ? 1 : 0;
    return Math.abs(value).toFixed(digits) + "°" + (value > 0 ? positive : value < 0 ? negative : "");
  }

  var LABEL = {wide: 50, high: 14};

  // the scale and the buttons lie above what is written on the map
  function isUnderControl(left, top) {
    var frame = map.getContainer().getBoundingClientRect();
    return Array.from(map.getContainer().querySelectorAll(".leaflet-control")).some(function (control) {
      var box = control.getBoundingClientRect();
      return left < box.right - frame.left && left + LABEL.wide > box.left - frame.left &&
        top < box.bottom - frame.top && top + LABEL.high > box.top - frame.top;
    });
  }

  function label(at, text, vertical) {
    var anchor = vertical ? [-4, -2] : [-6, 7], point = map.latLngToContainerPoint(at);
    if (isUnderControl(point.x - anchor[0], point.y - anchor[1])) { return; }
    var icon = L.divIcon({className: "degree", html: text, iconSize: [LABEL.wide, LABEL.high], iconAnchor: anchor});
    graticule.addLayer(L.marker(at, {icon: icon, interactive: false, pane: "ground"}));
  }

  function drawGraticule() {
    graticule.clearLayers();
    var view = map.getBounds(), by = step(view.getEast() - view.getWest());
    var style = {color: colours.line, weight: 1, pane: "ground", interactive: false};
    var south = Math.max(-85, view.getSouth()), north = Math.min(85, view.getNorth());
    for (var x = Math.ceil(view.getWest() / by) * by; x < view.getEast(); x += by) {
      graticule.addLayer(L.polyline([[south, x], [north, x]], style));
      label([north, x], told(((x + 540) % 360) - 180, by, "E", "W"), true);
    }
    for (var y = Math.ceil(south / by) * by; y < north; y += by) {
      graticule.addLayer(L.polyline([[y, view.getWest()], [y, view.getEast()]], style));
      label([y, view.getWest()], told(y, by, "N", "S"), false);
    }
  }

  function setColours(named) {
    colours = named;
    document.body.style.background = colours.window;
    map.getContainer().style.background = colours.window;
    for (var name in colours) { document.documentElement.style.setProperty("--" + name, colours[name]); }
    lines.setStyle(function (feature) {
      return feature.properties.kind === "coast"
        ? {color: colours.faint, opacity: 1, weight: 1.1}
        : {color: colours.faint, opacity: 1, weight: 0.8, dashArray: "3 4"};
    });
    drawGraticule();
    setFootprints(given.footprints);
    setAreas(given.areas, chosen);
  }

  function ring(points) { return points.map(function (p) { return [p[1], p[0]]; }); }

  function setFootprints(named) {
    given.footprints = named;
    footprints.clearLayers();
    named.forEach(function (one) {
      var shape = L.polygon(ring(one.ring), {
        color: colours.accent, weight: one.weight, dashArray: one.dash, fillOpacity: 0.06, fillColor: colours.accent
      });
      shape.bindTooltip(one.name, {sticky: true, className: "told"});
      shape.on("click", function (e) {
        L.DomEvent.stopPropagation(e);
        say("footprint", one.id);
      });
      // small on the whole map: a mark that can be clicked leads there
      var dot = L.circleMarker(shape.getBounds().getCenter(), {
        radius: 5, color: colours.accent, weight: 2, fillColor: colours.accent, fillOpacity: 0.5
      });
      dot.bindTooltip(one.far, {sticky: true, className: "told"});
      dot.on("click", function () { map.fitBounds(shape.getBounds(), {padding: [60, 60], maxZoom: 14}); });
      footprints.addLayer(shape);
      footprints.addLayer(dot);
      function mark() {
        var bounds = shape.getBounds();
        var wide = map.latLngToLayerPoint(bounds.getSouthEast()).x - map.latLngToLayerPoint(bounds.getNorthWest()).x;
        if (!footprints.hasLayer(shape)) { map.off("zoomend", mark); return; }
        if (wide < 24) { footprints.addLayer(dot); } else { footprints.removeLayer(dot); }
      }
      map.on("zoomend", mark);
      mark();
    });
  }

  function setQuicklooks(given) {
    quicklooks.clearLayers();
    given.forEach(function (one) {
      quicklooks.addLayer(L.imageOverlay(one.url, [[one.south, one.west], [one.north, one.east]],
        {opacity: 0.95, pane: "ground", className: "quicklook"}));
    });
  }

  function setAreas(named, which) {
    given.areas = named;
    areas.eachLayer(function (layer) { if (layer.editing) { layer.editing.disable(); } });
    areas.clearLayers();
    chosen = which;
    named.forEach(function (one, number) {
      var style = {color: colours.selection, weight: number === which ? 3 : 1.5, fillOpacity: number === which ? 0.12 : 0.04};
      var shape = one.rectangle ? L.rectangle(L.latLngBounds(ring(one.corners)), style) : L.polygon([one.corners].concat(one.holes).map(ring), style);
      shape.bindTooltip(one.name, {sticky: true, className: "told"});
      shape.on("click", function (e) {
        L.DomEvent.stopPropagation(e);
        if (number !== chosen) { say("chosen", number); }
      });
      shape.on("edit", function () {
        saySize([]);
        say("edited", {area: number, corners: corners(shape), holes: rings(shape).slice(1)});
      });
      shape.on("editdrag", function () { saySize(shape.getLatLngs()); });
      areas.addLayer(shape);
      if (!one.rectangle) { shape.editing.latlngs = shape.getLatLngs(); }  // else the outer edge alone has handles
      if (number === which) { shape.editing.enable(); }
    });
  }

  function fit(west, south, east, north) {
    map.fitBounds([[south, west], [north, east]], {padding: [40, 40], maxZoom: 15, animate: false});
  }

  function look(latitude, longitude, zoom) { map.setView([latitude, longitude], zoom, {animate: false}); }

  function setBackground(name) {
    if (background) { map.removeLayer(background); background = null; }
    if (BACKGROUNDS[name]) {
      background = L.tileLayer(BACKGROUNDS[name][0], BACKGROUNDS[name][1]);
      background.on("tileerror", function () { say("offline", name); });
      background.addTo(map);
    }
  }

  // where a place lies on the page, for tests with a real mouse
  function pointOf(longitude, latitude) {
    var point = map.latLngToContainerPoint([latitude, longitude]);
    return JSON.stringify([point.x, point.y]);
  }

  function view() {
    var bounds = map.getBounds();
    return JSON.stringify([bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()]);
  }

  function counts() {
    var edges = areas.getLayers().map(function (shape) { return shape.getLatLngs().length; });
    return JSON.stringify({areas: areas.getLayers().length, rings: edges, footprints: footprints.getLayers().length,
      quicklooks: quicklooks.getLayers().length, lines: lines.getLayers().length});
  }

  return {start: start, draw: draw, setColours: setColours, setFootprints: setFootprints, setAreas: setAreas,
    setQuicklooks: setQuicklooks, fit: fit, look: look, setBackground: setBackground, pointOf: pointOf, view: view, counts: counts};
})();
