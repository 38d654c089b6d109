"""IFC: a building's footprint is what its elements cover, where the model has a place on a map."""

import importlib.util
import shutil
import sys

import pytest

from layers.formats import Format, sniff
from layers.reading import read_delivery

HEAD = "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\nFILE_NAME('a','2026',(''),(''),'','','');\n"
CRS = "#80=IFCPROJECTEDCRS('{}',$,$,$,$,$,$);"
CONVERSION = "#81=IFCMAPCONVERSION(#10,#80,540000.,4851000.,0.,{},{},{});"
# a slab of 30 m by 20 m and a porch of 10 m by 5 m beside it, in millimetres
MODEL = """#1=IFCPROJECT('1RjDryF_TAnRXte3BPfyVv',$,'P',$,$,$,$,(#10),#5);
#2=IFCSIUNIT(*,.LENGTHUNIT.,.MILLI.,.METRE.);
#5=IFCUNITASSIGNMENT((#2));
#6=IFCCARTESIANPOINT((0.,0.,0.));
#9=IFCAXIS2PLACEMENT3D(#6,$,$);
#10=IFCGEOMETRICREPRESENTATIONCONTEXT($,'Model',3,1.E-05,#9,$);
#13=IFCBUILDING('1zfxcpKijCv8JGeJg1V0od',$,'1\\X2\\53F7697C\\X0\\',$,$,#14,$,$,$,$,$,$);
#14=IFCLOCALPLACEMENT($,#9);
#15=IFCRELAGGREGATES('2zfxcpKijCv8JGeJg1V0od',$,$,$,#1,(#13));
#16=IFCRELCONTAINEDINSPATIALSTRUCTURE('3zfxcpKijCv8JGeJg1V0od',$,$,$,(#40,#50),#13);
#20=IFCDIRECTION((0.,0.,1.));
#30=IFCCARTESIANPOINT((15000.,10000.));
#31=IFCAXIS2PLACEMENT2D(#30,$);
#32=IFCRECTANGLEPROFILEDEF(.AREA.,$,#31,30000.,20000.);
#33=IFCEXTRUDEDAREASOLID(#32,#9,#20,200.);
#34=IFCSHAPEREPRESENTATION(#10,'Body','SweptSolid',(#33));
#35=IFCPRODUCTDEFINITIONSHAPE($,$,(#34));
#40=IFCSLAB('4zfxcpKijCv8JGeJg1V0od',$,'S',$,$,#14,#35,$,$);
#41=IFCCARTESIANPOINT((35000.,2500.));
#42=IFCAXIS2PLACEMENT2D(#41,$);
#43=IFCRECTANGLEPROFILEDEF(.AREA.,$,#42,10000.,5000.);
#44=IFCEXTRUDEDAREASOLID(#43,#9,#20,200.);
#45=IFCSHAPEREPRESENTATION(#10,'Body','SweptSolid',(#44));
#46=IFCPRODUCTDEFINITIONSHAPE($,$,(#45));
#50=IFCSLAB('5zfxcpKijCv8JGeJg1V0od',$,'P',$,$,#14,#46,$,$);"""
needs_extra = pytest.mark.skipif(not importlib.util.find_spec("ifcopenshell"), reason="the extra bim is not installed")


def ifc(path, *, crs="EPSG:4551", conversion=("1.", "0.", "0.001"), schema="IFC4"):
    rows = [MODEL]
    if crs is not None:
        rows.append(CRS.format(crs))
        rows.append(CONVERSION.format(*conversion))
    body = "\n".join(rows)
    path.write_text(f"{HEAD}FILE_SCHEMA(('{schema}'));\nENDSEC;\nDATA;\n{body}\nENDSEC;\nEND-ISO-10303-21;\n", "ascii")
    return path


@needs_extra
class TestReading:
    def test_a_building_is_a_row_with_the_area_that_it_covers(self, tmp_path):
        delivery = read_delivery(ifc(tmp_path / "a.ifc"))
        assert (delivery.format, delivery.crs_name) == ("IFC", "EPSG:4551")
        assert delivery.frame["Name"].tolist() == ["1号楼"]
        assert delivery.frame["source_id"].tolist() == ["1zfxcpKijCv8JGeJg1V0od"]
        assert delivery.frame.geometry.area.tolist() == pytest.approx([650.0])
        assert delivery.frame.total_bounds.tolist() == pytest.approx([540000, 4851000, 540040, 4851020])
        assert any("1 幢的基底是全部构件" in note.zh for note in delivery.notes)

    def test_the_map_conversion_turns_it(self, tmp_path):
        delivery = read_delivery(ifc(tmp_path / "a.ifc", conversion=("0.", "1.", "0.001")))
        assert delivery.frame.total_bounds.tolist() == pytest.approx([539980, 4851000, 540000, 4851040])

    def test_a_scale_that_was_left_out_follows_from_the_unit_and_is_told(self, tmp_path):
        delivery = read_delivery(ifc(tmp_path / "a.ifc", conversion=("1.", "0.", "$")))
        assert delivery.frame.geometry.area.tolist() == pytest.approx([650.0])
        assert any("没有写" in note.zh for note in delivery.notes)

    @pytest.mark.parametrize(
        ("options", "kind"),
        [
            ({"crs": None}, "ifc_without_place"),
            ({"crs": ""}, "ifc_without_place"),
            ({"crs": "local"}, "crs_unreadable"),
            ({"conversion": ("1.", "0.", "0.5")}, "ifc_scale"),
        ],
    )
    def test_without_a_place_that_can_be_read_it_is_refused(self, tmp_path, refusal, options, kind):
        assert refusal(ifc(tmp_path / "a.ifc", **options)).fault.kind == kind

    def test_a_file_cut_short_is_refused(self, tmp_path, refusal):
        path = ifc(tmp_path / "a.ifc")
        path.write_bytes(path.read_bytes()[:900])
        assert refusal(path).fault.kind in {"unreadable", "ifc_without_place", "no_features"}


class TestFiles:
    def test_its_head_tells_the_format(self, tmp_path):
        path = ifc(tmp_path / "a.ifc")
        assert sniff(path) is Format.IFC
        shutil.copy(path, tmp_path / "a.bin")
        assert sniff(tmp_path / "a.bin") is Format.IFC

    def test_other_step_files_are_not_taken_for_it(self, tmp_path, refusal):
        assert refusal(ifc(tmp_path / "a.stp", schema="AUTOMOTIVE_DESIGN")).fault.kind == "format_text"

    def test_without_the_extra_the_refusal_says_how_to_get_it(self, tmp_path, refusal, monkeypatch):
        monkeypatch.setitem(sys.modules, "ifcopenshell", None)
        error = refusal(ifc(tmp_path / "a.ifc"))
        assert error.fault.kind == "ifc_extra"
        assert "luotu[bim]" in error.fault.remedy.zh
