"""Make Kubric's Blender back end, written for Blender 2.93 to 3.x, work on Blender 4.2.

Blender 4 renamed sockets of the Principled BSDF, which Kubric sets by name: Kubric's handler for
that material fails with KeyError "Specular". The handler below takes its place on Kubric's own
dispatcher. The rest of Kubric's back end (meshes, lights, camera, world) works as it is.
"""

from typing import Any

from pez.clips.scene import kb

import bpy  # isort: skip
from kubric.renderer import blender_utils  # isort: skip  (needs bpy)
from kubric.renderer.blender import AttributeSetter, Blender, KeyframeSetter  # isort: skip

# Kubric's trait -> Blender 4's socket. Two traits have no counterpart: transmission_roughness is
# gone, and specular_tint became a colour.
SOCKETS = {
    "color": "Base Color",
    "metallic": "Metallic",
    "roughness": "Roughness",
    "specular": "Specular IOR Level",
    "ior": "IOR",
    "transmission": "Transmission Weight",
    "emission": "Emission Color",
}


@Blender.add_asset.register(kb.PrincipledBSDFMaterial)
@blender_utils.prepare_blender_object
def _add_principled_material(self: Blender, material: kb.PrincipledBSDFMaterial) -> Any:
    blender_material = bpy.data.materials.new(material.uid)
    blender_material.use_nodes = True
    shader = blender_material.node_tree.nodes["Principled BSDF"]
    for trait, socket in SOCKETS.items():
        target = shader.inputs[socket]
        material.observe(AttributeSetter(target, "default_value"), trait)
        material.observe(KeyframeSetter(target, "default_value"), trait, type="keyframe")
    return blender_material


def plain_picture_only(blender_scene: Any) -> None:
    """Undo Kubric's set-up of passes (depth, flow, segmentation, ...) and its EXR output node.

    The passes would cost a second, auxiliary rendering of every frame; only the picture is used.
    """
    blender_scene.use_nodes = False
    blender_scene.view_layers.remove(blender_scene.view_layers["AuxOutputs"])
    blender_scene.view_layers[0].use_pass_z = False


__all__ = ["Blender", "bpy", "plain_picture_only"]
