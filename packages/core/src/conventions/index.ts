export { type Converted, type ConvertOptions, convertState } from "./convert-state.ts";
export { type FromPeer, type FromPeerOptions, fromPeer } from "./from-peer.ts";
export type { Peer, PeerSettings, PeerWeights } from "./peer.ts";
export { type PeerPreset, type Presets, presets } from "./presets.ts";
export { type ToPeer, toPeer } from "./to-peer.ts";
