"use strict";
// The camera, where the browser gives it to this page: on this machine, or over HTTPS.

let stream = null;

function closeCamera() {
  if (stream) stream.getTracks().forEach((track) => track.stop());
  stream = null;
  byId("viewfinder").hidden = true;
  byId("camera").hidden = false;
  byId("camera").focus();
}

async function openCamera() {
  try {
    stream = await navigator.mediaDevices.getUserMedia({video: {facingMode: "environment"}});
  } catch {
    say("The browser gives no camera to this page.");
    return;
  }
  byId("video").srcObject = stream;
  byId("viewfinder").hidden = false;
  byId("camera").hidden = true;
  byId("shoot").focus();
}

function shoot() {
  const video = byId("video");
  if (video.videoWidth === 0) return;
  const canvas = element("canvas", {width: video.videoWidth, height: video.videoHeight});
  canvas.getContext("2d").drawImage(video, 0, 0);
  canvas.toBlob((blob) => classify([new File([blob], "camera.jpg", {type: "image/jpeg"})]), "image/jpeg", 0.92);
}

byId("camera").hidden = !(navigator.mediaDevices && navigator.mediaDevices.getUserMedia);
byId("camera").addEventListener("click", openCamera);
byId("camera-off").addEventListener("click", closeCamera);
byId("shoot").addEventListener("click", shoot);
