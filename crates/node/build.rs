//! Links the addon against the host process, as napi-rs needs it.

fn main() {
    napi_build::setup();
}
